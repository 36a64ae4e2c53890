import { AppError, invalidInput, withPath } from '@eigenloom/errors';
import { CommanderError } from 'commander';
import { EXIT_STATUS } from './exit-status.js';

const BREAKS = /[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** One line for a person: no control characters, whatever a file or a server put into the message. */
export const oneLine = (message: string): string => message.replace(BREAKS, ' ').trim();

function ofCommander(error: CommanderError): AppError {
  if (error.code === 'commander.help') {
    return new AppError('INVALID_INPUT', 'USAGE', 'a command is missing; see eigenloom --help');
  }
  return new AppError('INVALID_INPUT', 'USAGE', error.message.replace(/^error: /, ''));
}

/** Wrong use of the command line: exit status 2. */
export const usage = (option: string, description: string): AppError =>
  invalidInput('USAGE', option, description);

/** What the command says about an error: one line, and its exit status. */
export function describeFailure(error: unknown): { readonly line: string; readonly status: number } {
  const failure = error instanceof CommanderError ? ofCommander(error) : withPath(error);
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
