import { AppError, invalidInput, withPath } from '@eigenloom/errors';
import { CommanderError } from 'commander';
import { EXIT_STATUS } from './exit-status.js';

const BREAKS = /[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** One line for a person: no control characters, whatever a file or a server put into the message. */
export const oneLine = (message: string): string => message.replace(BREAKS, ' ').trim();

function ofCommander(error: CommanderError, argv: readonly string[]): AppError {
  if (error.code === 'commander.help') {
    return new AppError('INVALID_INPUT', 'USAGE', `a command is missing; see ${helpOf(argv)}`);
  }
  // A suggestion is help enough, and an unknown command has none of its own.
  const unknown = error.code === 'commander.unknownCommand';
  const hint = error.message.includes('Did you mean')
    ? ''
    : `; see ${helpOf(unknown ? argv.slice(0, -1) : argv)}`;
  return new AppError(
    'INVALID_INPUT',
    'USAGE',
    error.message.replace(/^error: /, '').replace(/\.$/, '') + hint,
  );
}

/** Wrong use of the command line: exit status 2. */
export const usage = (option: string, description: string): AppError =>
  invalidInput('USAGE', option, description);

/** Where the command that was used wrongly is described: `merge` of `eigenloom merge`. */
function helpOf(argv: readonly string[]): string {
  const [command = ''] = argv;
  return /^[a-z]+$/.test(command) ? `eigenloom ${command} --help` : 'eigenloom --help';
}

/** What the command says about an error: one line, and its exit status. */
export function describeFailure(
  error: unknown,
  argv: readonly string[] = [],
): { readonly line: string; readonly status: number } {
  const failure = error instanceof CommanderError ? ofCommander(error, argv) : withPath(error);
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
