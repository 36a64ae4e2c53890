import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorCase, goodModel } from './error-case.js';
import { adapter } from './init.js';

/** Nine levels of ten aliases each: a billion strings if it were expanded. */
const ALIAS_BOMB = Array.from({ length: 10 }, (_, level) => {
  const inner = level === 0 ? '"x"' : `*l${level - 1}`;
  return `l${level}: &l${level} [${Array.from({ length: 10 }, () => inner).join(', ')}]`;
}).join('\n');

/** What is wrong with recipes and options: no server sees it. */
export const RECIPE_ERROR_CASES: readonly ErrorCase[] = [
  {
    title: 'an unknown method',
    service: 'init',
    prepare: goodModel,
    request: {},
    commandLine: ['init', '--model', 'model', '--target', 'query', '--method', 'pisa', '--out', 'out'],
    code: undefined,
    reason: 'METHOD_UNKNOWN',
    exitStatus: 2,
    message: /method: there is no method pisa; did you mean pissa\?/,
  },
  {
    title: 'a recipe of aliases that multiply',
    service: 'init',
    prepare: (folder) => writeFile(join(folder, 'bomb.yaml'), ALIAS_BOMB),
    request: {},
    commandLine: ['init', 'bomb.yaml', '--out', 'out'],
    code: undefined,
    reason: 'YAML_ALIAS_LIMIT',
    exitStatus: 2,
    message: /aliases/,
  },
  {
    title: 'an unknown field',
    service: 'init',
    prepare: goodModel,
    request: adapter({ target_module: ['query'] }),
    code: undefined,
    reason: 'UNKNOWN_FIELD',
    exitStatus: 2,
    message: /target_module: is not a field; did you mean target_modules\?/,
  },
  {
    title: 'a value that is null',
    service: 'init',
    prepare: goodModel,
    request: adapter({ lora: { rank: null } }),
    code: undefined,
    reason: 'WRONG_TYPE',
    exitStatus: 2,
    message: /lora\.rank: is null; give a value, or leave the field out/,
  },
  {
    title: 'a path of `--set` that leads nowhere',
    service: 'init',
    prepare: goodModel,
    request: {},
    commandLine: ['init', '--model', 'model', '--set', 'pissa.power_iteration=2', '--out', 'out'],
    code: undefined,
    reason: 'UNKNOWN_FIELD',
    exitStatus: 2,
    message: /pissa\.power_iteration: is not a field; did you mean power_iterations\?/,
  },
  {
    title: 'two members of one choice',
    service: 'init',
    prepare: goodModel,
    request: adapter({ default: {} }),
    code: undefined,
    reason: 'ONEOF_CONFLICT',
    exitStatus: 2,
    message: /default: only one of pissa and default may be set/,
  },
];
