import type { Command } from 'commander';
import { jobOptions, type JobOptions } from '../options.js';

interface RecipeOptions extends JobOptions {
  readonly json?: boolean;
}

const COMMANDS = [
  ['train', 'train', 'Fine-tune an adapter or a model', 'the result'],
  ['merge', 'merge', 'Make one model of several', 'the model'],
  ['run', 'pipeline', 'Run a pipeline: a graph of requests', 'a folder with one artifact per step'],
] as const;

/** The commands whose request is a recipe. */
export function addRecipeJobs(program: Command): void {
  for (const [name, kind, description, result] of COMMANDS) {
    jobOptions(program.command(name))
      .description(description)
      .argument('<recipe>', 'YAML or JSON recipe of the request; - reads standard input')
      .option('--out <dir>', `where ${result} goes; it must not exist yet (default: the artifact store)`)
      .option('--json', 'print the result as JSON')
      .action(async (recipe: string, options: RecipeOptions) => {
        const { runJobCommand } = await import('../job-command.js');
        await runJobCommand(kind, recipe, {}, options);
      });
  }
}
