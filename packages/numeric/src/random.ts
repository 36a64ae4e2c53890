import { invalidInput } from '@eigenloom/errors';

import { checkSize } from './matrix.js';
import { addon } from './native/addon.js';
import { type CallOptions, call } from './native/call.js';
import type { Arrays, Distribution } from './native-random.js';

/** Which part of which sequence. Each value is a function of the seed, the stream and its index alone. */
export interface RandomOptions<P extends keyof Arrays> {
  /** Unsigned 64 bits, chosen by the user. */
  readonly seed: bigint;
  /** Unsigned 64 bits, chosen by the program: a tensor, a layer. */
  readonly stream: bigint;
  /** Index of the first value, unsigned 64 bits. */
  readonly offset?: bigint;
  readonly length: number;
  readonly precision: P;
}

/**
 * Numbers of the standard normal distribution: Box-Muller in f64 on Philox4x32-10, rounded once.
 * Source: Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011. Errors: `OUT_OF_RANGE`.
 */
export async function randomNormal<P extends keyof Arrays>(
  options: RandomOptions<P>,
  callOptions: CallOptions = {},
): Promise<Arrays[P]> {
  return draw('normal', options, callOptions);
}

/** Numbers uniform on [0, 1), with 53 random bits, rounded down. Source and errors: as for `randomNormal`. */
export async function randomUniform<P extends keyof Arrays>(
  options: RandomOptions<P>,
  callOptions: CallOptions = {},
): Promise<Arrays[P]> {
  return draw('uniform', options, callOptions);
}

async function draw<P extends keyof Arrays>(
  distribution: Distribution,
  { seed, stream, offset = 0n, length, precision }: RandomOptions<P>,
  callOptions: CallOptions,
): Promise<Arrays[P]> {
  checkWord('seed', seed);
  checkWord('stream', stream);
  checkWord('offset', offset);
  checkSize('length', length);
  return call('random', callOptions, (task) =>
    addon().random(task, distribution, precision, seed, stream, offset, length),
  );
}

/** Fails with `OUT_OF_RANGE` unless the value fits in 64 unsigned bits. */
export function checkWord(name: string, value: bigint): void {
  if (value < 0n || value >= 1n << 64n) {
    throw invalidInput('OUT_OF_RANGE', name, `${value.toString()} does not fit in 64 unsigned bits`);
  }
}
