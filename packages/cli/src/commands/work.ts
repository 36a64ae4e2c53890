import { type Command, Option } from 'commander';
import type { Assignment, Edits, WorkOptions } from '../edits.js';
import { commaList, jobOptions, repeated } from '../options.js';

/** A flag that sets one field of a request, whatever the method is. */
interface Flag {
  readonly flags: string;
  readonly description: string;
  /** Where its value goes: `model.uri`. */
  readonly path: string;
  /** A list: given several times, or with commas. */
  readonly list?: 'repeated' | 'commas';
}

const MODEL: Flag = {
  flags: '--model <dir>',
  description: 'model in Hugging Face layout, or a safetensors file',
  path: 'model.uri',
};
const ADAPTER: Flag = {
  flags: '--adapter <dir>',
  description: 'PEFT adapter to fold into the model first (may be repeated)',
  path: 'model.adapters',
  list: 'repeated',
};
const BASE: Flag = { flags: '--base <dir>', description: 'the model that it came from', path: 'base.uri' };

/** A command that starts a job. */
export interface Work {
  readonly name: string;
  readonly kind: 'init' | 'train' | 'merge' | 'analysis' | 'pipeline';
  readonly description: string;
  /** What `--out` holds. */
  readonly result: string;
  readonly flags: readonly Flag[];
  /** An argument before the recipe chooses the method, and the flags are fields of its own. */
  readonly methodFirst?: string;
  /** A recipe has to be given. */
  readonly needsRecipe?: true;
}

const WORK: readonly Work[] = [
  {
    name: 'init',
    kind: 'init',
    description: 'Start an adapter',
    result: 'the adapter',
    flags: [
      MODEL,
      ADAPTER,
      {
        flags: '--target <names>',
        description: 'modules that get an adapter, separated by commas; all-linear: every linear one',
        path: 'target_modules',
        list: 'commas',
      },
      {
        flags: '--modules-to-save <names>',
        description: 'modules trained in full beside the adapter',
        path: 'modules_to_save',
        list: 'commas',
      },
      {
        flags: '--task-type <type>',
        description: 'task type of PEFT, such as SEQ_CLS or CAUSAL_LM',
        path: 'task_type',
      },
      {
        flags: '--residual <dir>',
        description: 'where the base that remains under the adapter goes',
        path: 'residual_uri',
      },
    ],
  },
  {
    name: 'train',
    kind: 'train',
    description: 'Fine-tune an adapter or a model',
    result: 'the result',
    flags: [
      MODEL,
      { flags: '--data <file>', description: 'examples to train on', path: 'train_data.uri' },
      { flags: '--validation <file>', description: 'examples to evaluate on', path: 'validation_data.uri' },
    ],
  },
  {
    name: 'merge',
    kind: 'merge',
    description: 'Make one model of several',
    result: 'the model',
    flags: [BASE],
  },
  {
    name: 'analyze',
    kind: 'analysis',
    description: 'Run a study: what the weights of a model say, or what training does',
    result: 'the artifact',
    methodFirst: 'study',
    flags: [
      MODEL,
      ADAPTER,
      BASE,
      { flags: '--data <file>', description: 'what the study looks at beside a model', path: 'data.uri' },
      {
        flags: '--tensor <pattern>',
        description: 'only tensors that match; * matches anything (may be repeated)',
        path: 'tensors',
        list: 'repeated',
      },
    ],
  },
  {
    name: 'run',
    kind: 'pipeline',
    description: 'Run a pipeline: a graph of requests',
    result: 'a folder with one artifact per step',
    flags: [],
    needsRecipe: true,
  },
];

const keyOf = (flags: string): string => new Option(flags).attributeName();

/** The edits that the options spell, in the order in which they are made: methods, flags, `--set`. */
export function editsOf(
  { flags, methodFirst }: Work,
  method: string | undefined,
  options: WorkOptions,
): Edits {
  const above = methodFirst === undefined || method === undefined ? '' : `${method}.`;
  const given = options as Readonly<Record<string, string | string[] | undefined>>;
  const assignments = flags.flatMap(({ flags: spelt, path, list }): Assignment[] => {
    const value = given[keyOf(spelt)];
    if (value === undefined) return [];
    return [{ path: above + path, text: list === undefined ? String(value) : JSON.stringify(value) }];
  });
  return {
    methods: [...(method === undefined ? [] : [method]), ...(options.method ?? [])],
    assignments: [...assignments, ...(options.set ?? []).map(assignmentOf)],
  };
}

function assignmentOf(text: string): Assignment {
  const at = text.indexOf('=');
  return at < 0 ? { path: text, text: '' } : { path: text.slice(0, at), text: text.slice(at + 1) };
}

/** init, train, merge, analyze and run: none of them has a line for a method. */
export function addWork(program: Command): void {
  for (const work of WORK) {
    const { name, kind, description, result, flags, methodFirst, needsRecipe } = work;
    const command = jobOptions(program.command(name)).description(description);
    if (methodFirst !== undefined) command.argument(`<${methodFirst}>`, `see eigenloom methods ${kind}`);
    command.argument(
      needsRecipe ? '<recipe>' : '[recipe]',
      'YAML or JSON recipe of the request; options win over it; - reads standard input',
    );
    for (const { flags: spelt, description: text, list } of flags) {
      if (list === undefined) command.option(spelt, text);
      else command.option(spelt, text, list === 'commas' ? commaList : repeated);
    }
    if (kind !== 'pipeline' && methodFirst === undefined) {
      command.option(
        '--method <id>',
        `choose a method of eigenloom methods ${kind} (may be repeated)`,
        repeated,
      );
    }
    command
      .option(
        '--set <path=value>',
        'set any field, such as pissa.power_iterations=4 (may be repeated)',
        repeated,
      )
      .option('--out <dir>', `where ${result} goes; it must not exist yet (default: the artifact store)`);
    if (kind === 'analysis') {
      command.option('--json <file>', 'write the report to a file; - is standard output (default: tables)');
    } else command.option('--json', 'print the result as JSON');
    command.action(async (...args: (string | undefined | WorkOptions)[]) => {
      const [method, recipe] = (methodFirst === undefined ? [undefined, args[0]] : args) as string[];
      const options = args[methodFirst === undefined ? 1 : 2] as WorkOptions;
      const { runWork } = await import('../run-work.js');
      await runWork(kind, recipe, editsOf(work, method, options), options);
    });
  }
}
