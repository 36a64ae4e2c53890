// What TypeScript says of the Rust core against what Rust says of itself (`npm run bridge`). The comparison is one of types:
// `npm run check` fails where a step, a field or an argument is on one side only; the tests say what is compared.
import type {
  GatherDescription,
  SourceDescription,
  StatisticDescription,
  TensorDescription,
} from './merge/merge-description.js';
import type { MaskNeeds, MergeStep } from './merge/merge-step.js';
import type { Addon } from './native/addon.js';
import type * as rustAddon from './testing/gen/addon.js';
import type * as rustMerge from './testing/gen/merge.js';

/** A type as the bridge sees it: read-only, no result is `undefined`, and an argument that may be left out is null. */
type Plain<T> = T extends undefined
  ? undefined
  : T extends ArrayBufferView
    ? T
    : T extends Promise<infer R>
      ? Promise<Result<R>>
      : T extends new (...parameters: infer P) => infer R
        ? { new: Arguments<P>; made: Plain<R> }
        : T extends (...parameters: infer P) => infer R
          ? { takes: Arguments<P>; gives: Result<R> }
          : T extends readonly (infer E)[]
            ? readonly Plain<E>[]
            : T extends object
              ? { readonly [K in keyof T]: Plain<T[K]> }
              : T;
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- it is what is looked for
type Result<R> = [R] extends [void] ? undefined : Plain<R>;
type Arguments<P extends readonly unknown[]> = Given<Required<P>>;
type Given<P extends readonly unknown[]> = { readonly [K in keyof P]: Plain<Exclude<P[K], undefined>> };

/** Whether the types are identical: an optional field on one side is a difference. */
/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- functions of a type are compared by identity */
type Same<A, B> =
  (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false;
/* eslint-enable @typescript-eslint/no-unnecessary-type-parameters */

test('the steps of merges are those that Rust reads', () => {
  const same: Same<MergeStep, rustMerge.Step> = true;
  expect(same).toBe(true);
});

test('the descriptions of tensors are those that Rust reads', () => {
  const same: [
    Same<StatisticDescription, rustMerge.StatisticDescription>,
    Same<SourceDescription, rustMerge.SourceDescription>,
    Same<TensorDescription, rustMerge.TensorDescription>,
    Same<GatherDescription, rustMerge.GatherDescription>,
    Same<MaskNeeds, rustMerge.Needs>,
  ] = [true, true, true, true, true];
  expect(same).toHaveLength(5);
});

/** Calls of the addon that differ. */
type Different = {
  [K in keyof Addon | keyof rustAddon.Addon]: K extends keyof Addon & keyof rustAddon.Addon
    ? Same<Addon[K], rustAddon.Addon[K]> extends true
      ? never
      : K
    : K;
}[keyof Addon | keyof rustAddon.Addon];

test('the calls of the addon are those that Rust exports', () => {
  const different: Different[] = [];
  const none: never[] = different;
  expect(none).toEqual([]);
});
