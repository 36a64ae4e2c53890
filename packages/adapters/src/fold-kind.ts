import {
  type AdapterKind,
  type DenseFold,
  type ModulePlace,
  doesNotFit,
  isEmbedding,
  isOfFormat,
  isStoredTransposed,
  prepareFold,
  transpose,
} from '@eigenloom/checkpoint';
import { incompatible } from '@eigenloom/errors';

import type { AdapterDefinition, AdapterFiles } from './definition.js';
import { type FoldRule, type FoldSite, type Site, type SiteKind, factorName } from './parametrisation.js';
import { DEFINITIONS } from './registry.js';

type Reading = Pick<AdapterDefinition<never>, 'format' | 'read' | 'foldingKind'>;

/** Every kind of adapter, as `openModel` folds it. */
export const ADAPTER_KINDS: readonly AdapterKind[] = Object.values<Reading>(DEFINITIONS).map(
  (definition) => definition.foldingKind ?? byRule(definition),
);

/** Folds a kind by its rule. Errors: those of `prepareFold`; `ADAPTER_NOT_FOLDABLE`. */
export function byRule({ format, read }: Reading): AdapterKind {
  return {
    recognises: (config) => isOfFormat(format, config),
    async fold(directory, target, options) {
      const files = await read(directory, options);
      const { fold } = files.parametrisation;
      if (fold === undefined) {
        throw incompatible(
          'ADAPTER_NOT_FOLDABLE',
          `an adapter of the kind ${format.peftType} depends on the input and cannot be folded into weights; take the model without it, ` +
            'and use or train it on the result',
        );
      }
      const modules = new Map(
        files.modules.map((name) => [name, (place: ModulePlace) => foldsOf(name, place, fold, files)]),
      );
      return prepareFold({ ...files, modules }, target);
    },
  };
}

/** What is done to the weight of a module and, where the rule has it, to its bias. */
function foldsOf(
  name: string,
  { path, tensor, target }: ModulePlace,
  fold: FoldRule<string>,
  files: AdapterFiles,
): [string, DenseFold][] {
  const { parametrisation, factors, settings } = files;
  const kind = kindOf(path, tensor.shape);
  if (!parametrisation.at.includes(kind) || tensor.shape.length > 2)
    throw doesNotFit(
      name,
      `has a weight of shape [${tensor.shape.join(', ')}], which such an adapter cannot change`,
    );
  const [first = 0, second = 0] = tensor.shape;
  const misfit = (shape: readonly number[]): Misfit | undefined => misfitOf(siteOf(kind, name, shape), files);
  const place = { path, tensor, config: target.config, settings };
  const turned =
    kind === 'linear' &&
    isStoredTransposed(name, place, {
      plain: misfit([first, second]) === undefined,
      turned: misfit([second, first]) === undefined,
    });
  const shape = turned ? [second, first] : tensor.shape;
  const site: FoldSite = { kind, name, shape };
  const values = new Map(factors.map((each) => [factorName(each.part, each.module), each.data]));
  const wrong = misfit(shape);
  if (wrong !== undefined) {
    const { part, found, wanted } = wrong;
    throw doesNotFit(name, `its ${part} is [${found.join(', ')}], the model needs [${wanted.join(', ')}]`);
  }
  const ofSite = (part: string): Float64Array => {
    const found = values.get(factorName(part, name)) ?? values.get(part);
    if (found === undefined) throw doesNotFit(name, `the file has no ${part} of it`);
    return Float64Array.from(found);
  };
  const weight: DenseFold = {
    async apply(stored) {
      const folded = await fold.weight(site, turned ? transpose(stored, first, second) : stored, ofSite);
      return turned ? transpose(folded, second, first) : folded;
    },
  };
  const { bias } = fold;
  if (bias === undefined) return [[tensor.name, weight]];
  const biasName = `${path}.bias`;
  if (!target.tensors.has(biasName)) throw doesNotFit(name, 'has no bias in the model to fold into');
  return [
    [tensor.name, weight],
    [biasName, { apply: (stored) => bias(site, stored, ofSite) }],
  ];
}

/** A tensor of an adapter that has another shape than its module needs. */
interface Misfit {
  readonly part: string;
  readonly found: readonly number[];
  readonly wanted: readonly number[];
}

function misfitOf(site: Site, { parametrisation, factors }: AdapterFiles): Misfit | undefined {
  for (const { part, module, shape: wanted } of parametrisation.tensors([site])) {
    const found =
      module === null ? undefined : factors.find((f) => f.part === part && f.module === site.name);
    if (found !== undefined && found.shape.join() !== wanted.join())
      return { part, found: found.shape, wanted };
  }
  return undefined;
}

/** A module of a model whose family is not known here. */
export function siteOf(kind: SiteKind, name: string, [first = 0, second = 0]: readonly number[]): Site {
  const all = { path: name, name, index: 0 };
  if (kind === 'norm') return { ...all, kind, form: 'layer', size: first, epsilon: 0 };
  if (kind === 'embedding') return { ...all, kind, rows: first, width: second };
  return { ...all, kind: 'linear', out: first, in: second, bias: false };
}

const kindOf = (path: string, shape: readonly number[]): SiteKind =>
  shape.length === 1 ? 'norm' : isEmbedding(path) ? 'embedding' : 'linear';
