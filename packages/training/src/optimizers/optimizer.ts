import { tf } from '@eigenloom/engine';
import type { NamedTensors, TensorArray, TensorValues } from '../checkpoints/named-tensors.js';
import { finiteNorm } from '../gradients/finite.js';
import type { Gradients, TakeGradients, TakenGradients } from '../gradients/take-gradients.js';
import type { Move, Moving, OptimizerRule } from './optimizer-rule.js';
import { assign, copyOf, SlotStore } from './slot-store.js';

/** What some of the weights have of their own. */
export interface Group {
  /** Factor of the learning rate. Default 1. */
  readonly rate?: number;
  /** Default: the common one for matrices and larger tensors, 0 for vectors and scalars. */
  readonly weightDecay?: number;
}

/** What all rules have in common. */
export interface OptimizerSettings {
  readonly weightDecay: number;
  /** Largest global norm of the gradients. 0: no clipping. */
  readonly maxGradientNorm: number;
  /** Of the choices of `select`. */
  readonly seed: bigint;
  /** By the name of a parameter. */
  readonly group?: (name: string) => Group;
}

/** What a step came to. */
export interface TakenStep extends Omit<TakenGradients, 'gradients' | 'norm'> {
  /** Before clipping, of the parameters that moved. */
  readonly gradientNorm: number;
}

interface Item {
  readonly variable: tf.Variable;
  readonly slots: SlotStore;
  readonly group: Group;
}

const PARAMETER = 'parameter';
/** As torch's clip_grad_norm_ has it. */
const CLIP_EPSILON = 1e-6;

/** Moves parameters by a rule, in a fixed order, under names of their own. The parameters stay the caller's; their state is its own. */
export class Optimizer {
  readonly #items: ReadonlyMap<string, Item>;
  readonly #oneByOne: boolean;

  constructor(
    parameters: ReadonlyMap<string, tf.Variable>,
    private readonly rule: OptimizerRule,
    private readonly settings: OptimizerSettings,
  ) {
    this.#items = new Map(
      [...parameters].map(([name, variable]) => {
        const slots = new SlotStore(rule.slots({ name, shape: variable.shape }));
        return [name, { variable, slots, group: settings.group?.(name) ?? {} }];
      }),
    );
    this.#oneByOne = rule.oneByOne === true && settings.maxGradientNorm === 0;
  }

  /** Bytes of the state, without the parameters. */
  get stateBytes(): number {
    return [...this.#items.values()].reduce((sum, { slots }) => sum + slots.sizeBytes, 0);
  }

  /** One step; `step` counts from 1. Errors: `NON_FINITE_GRADIENT`; those of `take`. */
  async step(step: number, rate: number, take: TakeGradients): Promise<TakenStep> {
    let squares = 0;
    const visit = async (name: string, gradient: tf.Tensor): Promise<void> => {
      try {
        const own = await this.#move(new Map([[name, gradient]]), step, rate);
        squares += own * own;
      } finally {
        gradient.dispose();
      }
    };
    const parameters = this.#selected(step);
    const { gradients, norm, ...taken } = await (this.#oneByOne
      ? take(step, parameters, visit)
      : take(step, parameters));
    try {
      const gradientNorm =
        gradients.size > 0 ? await this.#move(gradients, step, rate, norm) : Math.sqrt(squares);
      return { ...taken, gradientNorm };
    } finally {
      tf.dispose([...gradients.values()]);
    }
  }

  /** Parameters and their state, `m/NAME` and the like. */
  async save(): Promise<NamedTensors> {
    const saved = new Map<string, TensorValues<TensorArray>>();
    for (const [name, { variable, slots }] of this.#items) {
      saved.set(`${PARAMETER}/${name}`, { shape: [...variable.shape], values: await copyOf(variable) });
      for (const [slot, values] of await slots.save()) saved.set(`${slot}/${name}`, values);
    }
    return saved;
  }

  /** Takes over what `save` gave. */
  restore(saved: NamedTensors): void {
    for (const [name, { variable, slots }] of this.#items) {
      const find = (part: string): TensorValues<TensorArray> => {
        const found = saved.get(`${part}/${name}`);
        if (found === undefined) throw new Error(`a training checkpoint lacks ${part} of ${name}`);
        return found;
      };
      assign(variable, find(PARAMETER));
      slots.restore(find);
    }
  }

  /** The parameters by name, or some of them; the arrays are copies. */
  async parameters(isWanted: (name: string) => boolean = () => true): Promise<NamedTensors> {
    const values = new Map<string, TensorValues<TensorArray>>();
    for (const [name, { variable }] of this.#items)
      if (isWanted(name)) values.set(name, { shape: [...variable.shape], values: await copyOf(variable) });
    return values;
  }

  dispose(): void {
    for (const { slots } of this.#items.values()) slots.dispose();
  }

  #selected(step: number): ReadonlyMap<string, tf.Variable> {
    const names = this.rule.select?.(step, [...this.#items.keys()], this.settings.seed);
    const parameters = new Map<string, tf.Variable>();
    for (const [name, { variable }] of this.#items)
      if (names?.has(name) ?? true) parameters.set(name, variable);
    return parameters;
  }

  /** Returns the norm of the gradients, before clipping. */
  async #move(gradients: Gradients, step: number, rate: number, known?: number): Promise<number> {
    const moving: { own: Moving; group: Group }[] = [];
    for (const [name, { variable, slots, group }] of this.#items) {
      const gradient = gradients.get(name);
      if (gradient !== undefined) moving.push({ own: { name, variable, gradient, slots }, group });
    }
    const norm = await finiteNorm(new Map(moving.map(({ own }) => [own.name, own.gradient])), step, known);
    const { maxGradientNorm, weightDecay } = this.settings;
    const gradientScale = maxGradientNorm > 0 ? Math.min(1, maxGradientNorm / (norm + CLIP_EPSILON)) : 1;
    const common: Move = { step, rate, weightDecay, gradientScale };
    await this.rule.prepare?.(
      moving.map(({ own }) => own),
      common,
    );
    for (const { own, group } of moving) {
      const decay = group.weightDecay ?? (own.variable.rank < 2 ? 0 : weightDecay);
      await this.rule.update(own, { ...common, rate: rate * (group.rate ?? 1), weightDecay: decay });
    }
    return norm;
  }
}
