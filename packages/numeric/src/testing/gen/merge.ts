// Made from crates/numeric/src/merge by `npm run bridge`. Do not change it by hand.
export type BaseUse = "required" | "if_given";
export type Survivors = "keep" | "divide_by_probability";
export type CountIn = "f32" | "f64";
export type Quantile = "linear" | "lower";
export type Divisor = "one" | "weights" | "present_weights";
export type Along = "tensor" | "rows" | "columns";
export type Rule = { "name": "slerp", 
/**
 * Position between them.
 */
t: number, 
/**
 * The interpolation is linear where the cosine is larger.
 */
linear_above: number, } | { "name": "multislerp", 
/**
 * For each model.
 */
weights: Array<number>, 
/**
 * Added to norms.
 */
epsilon: number, } | { "name": "karcher", 
/**
 * Rounds at most.
 */
max_iterations: number, 
/**
 * Of the length of a round's step.
 */
tolerance: number, } | { "name": "model_stock", 
/**
 * Products of norms below this count as this.
 */
smallest: number, };
export type MatrixRule = { "name": "tsv_merge" } | { "name": "iso_c" } | { "name": "iso_cts", 
/**
 * Share of the directions that are the sum's.
 */
common_fraction: number, } | { "name": "knots_ties", 
/**
 * Share of the elements that each model keeps.
 */
densities: Array<number>, 
/**
 * For each model.
 */
weights: Array<number>, 
/**
 * Whether the sum is divided by the weights of those that agree.
 */
normalize: boolean, } | { "name": "wudi", 
/**
 * Steps.
 */
iterations: number, 
/**
 * Step size.
 */
learning_rate: number, } | { "name": "svc", 
/**
 * Smallest count of a model.
 */
alpha: number, 
/**
 * For each model.
 */
weights: Array<number>, } | { "name": "opcm", 
/**
 * Share of the singular values that is dominant.
 */
alpha: number, } | { "name": "regmean", 
/**
 * What of the off-diagonal elements of the statistics stays.
 */
alpha: number, 
/**
 * For each model.
 */
weights: Array<number>, };
export type Step = { "step": "delta", 
/**
 * Where there is no base.
 */
base?: BaseUse, } | { "step": "keep_largest", 
/**
 * Elements of the whole tensor that each model keeps.
 */
counts: Array<number>, } | { "step": "drop_largest", 
/**
 * Elements of the whole tensor that go.
 */
counts: Array<number>, } | { "step": "keep_random", 
/**
 * Probabilities.
 */
densities: Array<number>, 
/**
 * What becomes of those kept.
 */
survivors: Survivors, } | { "step": "keep_by_rank", 
/**
 * Mean probabilities.
 */
densities: Array<number>, 
/**
 * Half the width of the probabilities.
 */
spreads: Array<number>, 
/**
 * What becomes of those kept.
 */
survivors: Survivors, } | { "step": "keep_above", 
/**
 * The threshold.
 */
threshold: number, } | { "step": "keep_most_varied", 
/**
 * Share of the elements with a variance above zero that stays.
 */
share: number, 
/**
 * Arithmetic of the number that stays.
 */
count_in: CountIn, } | { "step": "keep_important", 
/**
 * How median and quartiles are read.
 */
quantile: Quantile, } | { "step": "clip", 
/**
 * The limit.
 */
limit: number, 
/**
 * Magnitudes below this count as this.
 */
smallest: number, } | { "step": "match_l1", 
/**
 * Position of that step.
 */
before: number, } | { "step": "apply_mask" } | { "step": "match_mean_norm", 
/**
 * Position of that step.
 */
before: number, } | { "step": "weigh", 
/**
 * The weights.
 */
weights: Array<number>, } | { "step": "elect_sign" } | { "step": "amplify_unique", 
/**
 * r.
 */
r: number, 
/**
 * alpha.
 */
alpha: number, } | { "step": "sum", 
/**
 * What the sum is divided by.
 */
divisor: Divisor, 
/**
 * Used by the divisor alone.
 */
weights: Array<number>, } | { "step": "mean_by_energy", 
/**
 * Position of that step.
 */
before: number, 
/**
 * Mean squares that add up to less count as equal.
 */
smallest_sum: number, 
/**
 * Divisors below this count as this.
 */
smallest_divisor: number, } | { "step": "largest" } | { "step": "consensus", 
/**
 * lambda.
 */
lambda: number, 
/**
 * How many must need it.
 */
least: number, } | { "step": "combine", 
/**
 * How they follow.
 */
rule: Rule, 
/**
 * Which vectors are multiplied.
 */
along: Along, } | { "step": "fisher_mean", 
/**
 * w.
 */
weights: Array<number>, 
/**
 * Added to the statistics.
 */
floor?: number, } | { "step": "matrix", 
/**
 * The rule.
 */
rule: MatrixRule, } | { "step": "select" } | { "step": "scale", 
/**
 * The factor.
 */
factor: number, } | { "step": "add_base", 
/**
 * Where there is no base.
 */
base?: BaseUse, };
export type Needs = { "name": "same_sign" } | { "name": "nearer", 
/**
 * lambda.
 */
lambda: number, };
export type StatisticDescription = { file: number, tensor: string, };
export type SourceDescription = { file: number, tensor: string, pairs: Array<number>, statistic: StatisticDescription | null, };
export type TensorDescription = { name: string, models: Array<SourceDescription>, base: SourceDescription | null, writer: number | null, steps: Array<Step>, 
/**
 * Decimal: JSON's numbers do not reach 2⁶⁴.
 */
seed: string, 
/**
 * Arithmetic in f64 whatever is stored.
 */
wide: boolean, };
export type GatherDescription = { name: string, sources: Array<SourceDescription>, writer: number, };
