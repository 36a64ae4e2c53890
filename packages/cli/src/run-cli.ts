import { CommanderError } from 'commander';
import { describeFailure, traceFailure } from './failure.js';
import { createProgram } from './program.js';

/** Runs one command line and returns its exit status; an error prints one line on standard error. */
export async function runCli(argv: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    await program.parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander ends --help and --version this way.
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const { line, status } = describeFailure(error, argv, program);
    process.stderr.write(`${line}\n`);
    if (process.env['EIGENLOOM_DEBUG']) process.stderr.write(`${traceFailure(error)}\n`);
    return status;
  }
}
