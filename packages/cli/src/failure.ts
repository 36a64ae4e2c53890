import { AppError, invalidInput, withPath } from '@eigenloom/errors';
import { type Command, CommanderError } from 'commander';
import { EXIT_STATUS } from './exit-status.js';

const BREAKS = /[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** One line for a person: no control characters, whatever a file or a server put into the message. */
export const oneLine = (message: string): string => message.replace(BREAKS, ' ').trim();

function ofCommander(error: CommanderError, { argv, program }: CommandLine): AppError {
  const help = helpOf(argv, program);
  if (error.code === 'commander.help') {
    return new AppError('INVALID_INPUT', 'USAGE', `a command is missing; see ${help}`);
  }
  // A suggestion is help enough.
  const hint = error.message.includes('Did you mean') ? '' : `; see ${help}`;
  return new AppError(
    'INVALID_INPUT',
    'USAGE',
    error.message.replace(/^error: /, '').replace(/\.$/, '') + hint,
  );
}

/** Wrong use of the command line: exit status 2. */
export const usage = (option: string, description: string): AppError =>
  invalidInput('USAGE', option, description);

interface CommandLine {
  readonly argv: readonly string[];
  readonly program: Command | undefined;
}

/** Where the command that was used wrongly is described: `eigenloom jobs prune --help`. A word that is no command has no help. */
function helpOf(argv: readonly string[], program: Command | undefined): string {
  const words = ['eigenloom'];
  let command = program;
  for (const word of argv) {
    command = command?.commands.find((candidate) => candidate.name() === word);
    if (command === undefined) break;
    words.push(word);
  }
  return [...words, '--help'].join(' ');
}

/** What the command says about an error: one line, and its exit status. */
export function describeFailure(
  error: unknown,
  argv: readonly string[] = [],
  program?: Command,
): { readonly line: string; readonly status: number } {
  const failure = error instanceof CommanderError ? ofCommander(error, { argv, program }) : withPath(error);
  return { line: `eigenloom: ${oneLine(failure.message)}`, status: EXIT_STATUS[failure.kind] };
}

/** Stack and causes, for EIGENLOOM_DEBUG. */
export function traceFailure(error: unknown): string {
  const lines: string[] = [];
  for (let at: unknown = error; at !== undefined; at = at instanceof Error ? at.cause : undefined) {
    lines.push(at instanceof Error ? (at.stack ?? at.message) : JSON.stringify(at));
  }
  return lines.join('\ncaused by: ');
}
