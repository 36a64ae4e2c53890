import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { addJobs } from './commands/jobs.js';
import { addMethods } from './commands/methods.js';
import { addUp } from './commands/up.js';
import { addWork } from './commands/work.js';

function version(): string {
  const text = readFileSync(join(__dirname, '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/**
 * The command line. It says nothing itself about errors: parsing throws, and the caller prints one line. Only what is needed to parse
 * is loaded here; each command loads the rest when it runs.
 */
export function createProgram(): Command {
  const program = new Command('eigenloom')
    .description('Take a pretrained checkpoint through init, train, merge and analysis')
    .version(version())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, outputError: () => undefined })
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false });
  addWork(program);
  addUp(program);
  addJobs(program);
  addMethods(program);
  return program;
}
