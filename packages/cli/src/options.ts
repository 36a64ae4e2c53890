import { type Command, InvalidArgumentError, Option } from 'commander';

/** Options of every command that talks to jobs. */
export interface MeshOptions {
  readonly server?: string;
  readonly dataDir?: string;
}

/** Options of every command that starts a job. */
export interface JobOptions extends MeshOptions {
  readonly out?: string;
  readonly seed?: string;
  readonly requestId?: string;
  readonly estimate?: boolean;
}

const UINT32_MAX = 2 ** 32 - 1;
const UINT64_MAX = 2n ** 64n - 1n;

/** A whole number that fits a uint32. Whether it makes sense is for the service to say. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > UINT32_MAX) {
    throw new InvalidArgumentError(`It is not a whole number from 0 to ${UINT32_MAX}.`);
  }
  return value;
}

/** A uint64 as proto3 JSON writes it: a string, since it may exceed 2⁵³. */
export function seed(text: string): string {
  if (!/^\d+$/.test(text) || BigInt(text) > UINT64_MAX) {
    throw new InvalidArgumentError(`It is not a whole number from 0 to ${UINT64_MAX}.`);
  }
  return BigInt(text).toString();
}

/** `a,b,c`, without empty parts. */
export const commaList = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Collects an option that may be given several times. */
export const repeated = (value: string, previous: string[] = []): string[] => [...previous, value];

/** A TCP port. */
export function port(text: string): number {
  const value = wholeNumber(text);
  if (value > 65_535) throw new InvalidArgumentError('It is not a port from 0 to 65535.');
  return value;
}

/** A length of time, with the text that it was given as. */
export interface Age {
  readonly text: string;
  readonly ms: number;
}

const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000 };

/** `30d`, `12h` or `5m`. */
export function age(text: string): Age {
  const [, count = '', unit = ''] = /^(\d{1,6})([dhm])$/.exec(text) ?? [];
  if (count === '') throw new InvalidArgumentError('It is not an age such as 30d, 12h or 5m.');
  return { text, ms: Number(count) * (UNIT_MS[unit] ?? 0) };
}

export function meshFolder(command: Command): Command {
  return command.addOption(
    new Option(
      '--data-dir <dir>',
      'folder of jobs and artifacts when run in this process (default: $XDG_DATA_HOME/eigenloom, ~/.local/share/eigenloom)',
    ).env('EIGENLOOM_DATA'),
  );
}

export function meshOptions(command: Command): Command {
  return meshFolder(
    command.option('--server <address>', 'run against the server at HOST:PORT instead of in this process'),
  );
}

export function jobOptions(command: Command): Command {
  return meshOptions(command)
    .option('--seed <n>', 'seed of every random number drawn', seed)
    .option('--request-id <id>', 'submit once: the same id and request give the same job')
    .option('--estimate', 'only check the request and print what it would cost');
}
