import { type Command, Option } from 'commander';
import { age, meshFolder, meshOptions, type MeshOptions } from '../options.js';
import type { PruneOptions } from '../prune-jobs.js';

interface JobsOptions extends MeshOptions {
  readonly json?: boolean;
}

export function addJobs(program: Command): void {
  const parent = program.command('jobs').description('List, show, watch, resume, cancel and prune jobs');
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
  // A server goes on with its jobs by itself, and nobody else may remove them: these two work on a data folder alone.
  meshFolder(parent.command('resume').description('Go on with a job whose process ended before it'))
    .argument('<name>', 'operations/ID or ID')
    .option('--json', 'print JSON')
    .action(async (name: string, options: JobsOptions) => {
      await (await import('../manage-jobs.js')).resumeJob(name, options);
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
  meshFolder(
    parent.command('prune').description('Remove finished jobs, and their artifacts in the artifact store'),
  )
    .addOption(
      new Option('--older-than <age>', 'only those that ended so long ago, as 30d, 12h or 0d')
        .argParser(age)
        .default(age('30d'), '30d'),
    )
    .option('--dry-run', 'only say what would be removed')
    .option('--json', 'print JSON')
    .action(async (options: PruneOptions) => {
      await (await import('../prune-jobs.js')).pruneJobs(options);
    });
}
