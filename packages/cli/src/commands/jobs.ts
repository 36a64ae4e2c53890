import type { Command } from 'commander';
import { meshOptions, type MeshOptions } from '../options.js';

interface JobsOptions extends MeshOptions {
  readonly json?: boolean;
}

export function addJobs(program: Command): void {
  const parent = program.command('jobs').description('List, watch, cancel and show jobs');
  const add = (name: string, description: string): Command =>
    meshOptions(parent.command(name).description(description)).option('--json', 'print JSON');
  add('list', 'List the jobs').action(async (options: JobsOptions) => {
    await (await import('../manage-jobs.js')).listJobs(options);
  });
  add('watch', 'Follow a job to its end')
    .argument('<name>', 'operations/ID or ID')
    .action(async (name: string, options: JobsOptions) => {
      await (await import('../manage-jobs.js')).watchJob(name, options);
    });
  add('cancel', 'Ask a job to stop')
    .argument('<name>', 'operations/ID or ID')
    .action(async (name: string, options: JobsOptions) => {
      await (await import('../manage-jobs.js')).cancelJob(name, options);
    });
  add('show', 'Show a job and its result')
    .argument('<name>', 'operations/ID or ID')
    .action(async (name: string, options: JobsOptions) => {
      await (await import('../manage-jobs.js')).showJob(name, options);
    });
}
