import type { Command } from 'commander';
import type { AnalyzeOptions } from '../analysis-command.js';
import type { Analysis } from '../analysis-table.js';
import { defined, type Document } from '../document.js';
import { decimal, jobOptions, repeated, wholeNumber } from '../options.js';

/** The request that the options spell: proto3 JSON of AnalyzeRequest. */
export function analyzeDocument(analysis: Analysis, options: AnalyzeOptions): Document {
  const { singularValues, eigenvalueCut, k, epsilon } = options;
  return {
    ...defined({
      model: { uri: options.model, adapters: options.adapter },
      base: { uri: options.base },
      tensors: options.tensor,
    }),
    [analysis]: defined(analysis === 'spectrum' ? { singularValues, eigenvalueCut } : { k, epsilon }) ?? {},
  };
}

function add(parent: Command, analysis: Analysis, description: string): Command {
  return jobOptions(parent.command(analysis))
    .description(description)
    .argument('[recipe]', 'YAML or JSON recipe of the request; options win over it')
    .option('--model <dir>', 'model in Hugging Face layout, or a safetensors file')
    .option('--adapter <dir>', 'PEFT adapter to fold into the model first (may be repeated)', repeated)
    .option('--tensor <pattern>', 'only tensors that match; * matches anything (may be repeated)', repeated)
    .option('--out <dir>', 'where the artifact goes; it must not exist yet (default: the artifact store)')
    .option('--json <file>', 'write the result to a file; - is standard output (default: a table)')
    .action(async (recipe: string | undefined, options: AnalyzeOptions) => {
      const { runAnalysis } = await import('../analysis-command.js');
      await runAnalysis(analysis, recipe, analyzeDocument(analysis, options), options);
    });
}

export function addAnalyze(program: Command): void {
  const parent = program.command('analyze').description('Read what the weights of a model say');
  add(parent, 'spectrum', 'Norms, ranks, entropy and power-law tail of every weight matrix')
    .option('--base <dir>', 'analyse the difference to this model')
    .option('--singular-values', 'store the singular values in the artifact too')
    .option(
      '--eigenvalue-cut <x>',
      'eigenvalues at or below are left out of the fit (default: 1e-4 of their mean)',
      decimal,
    );
  add(parent, 'intruders', 'Singular vectors that resemble none of the base model')
    .option('--base <dir>', 'the model that it was fine-tuned from')
    .option('--k <n>', 'leading vectors that are examined (default: 10)', wholeNumber)
    .option('--epsilon <x>', 'largest cosine of an intruder (default: 0.5)', decimal);
}
