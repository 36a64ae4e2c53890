import { invalidInput } from '@eigenloom/errors';

/** A oneof of the contract as the generated code has it. */
export interface Choice {
  readonly $case: string;
  readonly value: unknown;
}

/** The parameters of one member of a oneof. */
export type ParametersOf<C extends Choice, K extends C['$case'] = C['$case']> = Extract<
  C,
  { readonly $case: K }
>['value'];

/** What is said of a method, wherever it is listed. */
export interface MethodText {
  /** What it does, in one line. */
  readonly summary: string;
  /** Reference, as `arXiv:NNNN.NNNNN` or a citation. */
  readonly paper: string;
  /** Where it departs from the paper or from the implementation that people know, in whole sentences; empty where it does not. */
  readonly deviations: string;
}

/** What every registry holds: a method's text, and how it is made of its parameters (P). */
export interface Definition<P, B> extends MethodText {
  /**
   * The method with its parameters, defaults filled in. `field` is where the request has them, for errors: `pissa`.
   * Throws InvalidInput naming the field.
   */
  create(parameters: P, field: string): B;
}

/** One definition for each member of the oneof: a member without one does not compile. */
export type Definitions<C extends Choice, B> = {
  readonly [K in C['$case']]: Definition<ParametersOf<C, K>, B>;
};

/** A method as it is listed. */
export interface MethodInfo extends MethodText {
  /** The member's name in the proto: `task_arithmetic`. */
  readonly id: string;
}

/** The methods of one oneof. */
export interface Registry<C extends Choice, B> {
  /** In the order of the proto. */
  readonly methods: readonly MethodInfo[];
  /** `at` is where the request has the choice, where that is not the registry's own field. Errors: `METHOD_MISSING`; those of the method. */
  create(choice: C | undefined, at?: string): Chosen<B>;
}

/** A method with its parameters. */
export interface Chosen<B> {
  readonly info: MethodInfo;
  readonly method: B;
}

/** The name that the proto gives to a member of a oneof: `taskArithmetic` is `task_arithmetic`. */
export const methodId = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * The methods of a oneof, in the order in which they are given. `field` is where a request chooses one, for errors: `method`.
 */
export function registry<C extends Choice, B>(field: string, definitions: Definitions<C, B>): Registry<C, B> {
  const entries = Object.entries<Definition<never, B>>(definitions);
  const infos = new Map(
    entries.map(([name, { summary, paper, deviations }]) => [
      name,
      { id: methodId(name), summary, paper, deviations },
    ]),
  );
  const methods = [...infos.values()];
  return {
    methods,
    create(choice, at = field) {
      const info = choice === undefined ? undefined : infos.get(choice.$case);
      if (choice === undefined || info === undefined) {
        throw invalidInput('METHOD_MISSING', at, `choose one of ${methods.map(({ id }) => id).join(', ')}`);
      }
      // Errors leave choices out: parameters of `optimizer.rule` lie at `optimizer.adamw`.
      const above = at.slice(0, at.lastIndexOf('.') + 1);
      const definition = (definitions as Readonly<Record<string, Definition<unknown, B>>>)[choice.$case];
      // `infos` has an entry for each definition and for nothing else.
      return { info, method: (definition as Definition<unknown, B>).create(choice.value, above + info.id) };
    },
  };
}
