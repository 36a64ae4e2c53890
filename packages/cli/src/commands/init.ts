import { AppError } from '@eigenloom/errors';
import type { Command } from 'commander';
import { defined, type Document } from '../document.js';
import { usage } from '../failure.js';
import { commaList, decimal, jobOptions, type JobOptions, repeated, wholeNumber } from '../options.js';

interface InitOptions extends JobOptions {
  readonly json?: boolean;
  readonly model?: string;
  readonly adapter?: string[];
  readonly method?: string;
  readonly rank?: number;
  readonly alpha?: number;
  readonly target?: string[];
  readonly rankStabilized?: boolean;
  readonly residual?: string;
  readonly modulesToSave?: string[];
  readonly taskType?: string;
  readonly powerIterations?: number;
  readonly oversampling?: number;
  readonly data?: string;
  readonly textField?: string;
  readonly rho?: number;
  readonly tau?: number;
  readonly batchSize?: number;
  readonly maxLength?: number;
  readonly maxBatches?: number;
}

/** The options that only one method reads, as its parameters. */
function parametersOf(options: InitOptions): Readonly<Record<string, Document | undefined>> {
  const { powerIterations, oversampling, data, textField, rho, tau, batchSize, maxLength, maxBatches } =
    options;
  return {
    pissa: defined({ powerIterations, oversampling }),
    eva: defined({ data: { uri: data, textField }, rho, tau, batchSize, maxLength, maxBatches }),
  };
}

/** The request that the options spell: proto3 JSON of InitAdapterRequest. */
export function initDocument(options: InitOptions): Document {
  const parameters = parametersOf(options);
  const { method } = options;
  for (const [owner, given] of Object.entries(parameters)) {
    if (given !== undefined && method !== undefined && owner !== method) {
      const [first = ''] = Object.keys(given);
      throw usage(`--method ${method}`, `it does not take ${first}, which belongs to --method ${owner}`);
    }
  }
  return {
    ...defined({
      model: { uri: options.model, adapters: options.adapter },
      targetModules: options.target,
      rank: options.rank,
      alpha: options.alpha,
      rankStabilized: options.rankStabilized,
      residualUri: options.residual,
      modulesToSave: options.modulesToSave,
      taskType: options.taskType,
      ...parameters,
    }),
    ...(method === undefined ? {} : { [method]: parameters[method] ?? {} }),
  };
}

/** The methods are fields of the request; on the command line an unknown one is a wrong value of `--method`. */
function unknownMethod(error: unknown, method: string | undefined): AppError | undefined {
  if (!(error instanceof AppError) || error.reason !== 'UNKNOWN_FIELD') return undefined;
  if (method === undefined || error.fieldViolations[0]?.field !== method) return undefined;
  const hint = /; did you mean .*$/.exec(error.message)?.[0] ?? '';
  return usage('--method', `there is no method ${method}${hint}`);
}

export function addInit(program: Command): void {
  jobOptions(program.command('init'))
    .description('Start an adapter from a decomposition of weights or activations')
    .argument('[recipe]', 'YAML or JSON recipe of the request; options win over it')
    .option('--model <dir>', 'model in Hugging Face layout, or a safetensors file')
    .option('--adapter <dir>', 'PEFT adapter to fold into the model first (may be repeated)', repeated)
    .option('--method <id>', 'how the adapter starts; see eigenloom methods init')
    .option('--rank <r>', 'rank of each pair', wholeNumber)
    .option('--alpha <a>', 'scale: ΔW = (alpha / rank) · B · A (default: the rank)', decimal)
    .option(
      '--target <names>',
      'modules that get an adapter, separated by commas; all-linear: every linear one',
      commaList,
    )
    .option('--rank-stabilized', 'scale by alpha / √rank instead')
    .option('--residual <dir>', 'where the base that remains under the adapter goes')
    .option('--modules-to-save <names>', 'modules trained in full beside the adapter', commaList)
    .option('--task-type <type>', 'task type of PEFT, such as SEQ_CLS or CAUSAL_LM')
    .option('--power-iterations <n>', 'pissa: randomised SVD with so many power iterations', wholeNumber)
    .option('--oversampling <n>', 'pissa: extra columns of the randomised SVD', wholeNumber)
    .option('--data <file>', 'eva: one text per line, or JSONL')
    .option('--text-field <name>', 'eva: JSONL field that holds the text (default: text)')
    .option('--rho <x>', 'eva: components kept per layer, as a multiple of the rank', decimal)
    .option('--tau <x>', 'eva: cosine at which a component has converged', decimal)
    .option('--batch-size <n>', 'eva: texts in a batch', wholeNumber)
    .option('--max-length <n>', 'eva: longest text in tokens', wholeNumber)
    .option('--max-batches <n>', 'eva: stop after so many batches', wholeNumber)
    .option('--out <dir>', 'where the adapter goes; it must not exist yet (default: the artifact store)')
    .option('--json', 'print the result as JSON')
    .action(async (recipe: string | undefined, options: InitOptions) => {
      const { runJobCommand } = await import('../job-command.js');
      try {
        await runJobCommand('init', recipe, initDocument(options), options);
      } catch (error) {
        throw unknownMethod(error, options.method) ?? error;
      }
    });
}
