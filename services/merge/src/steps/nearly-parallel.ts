/** Nearer to parallel the sines lose their digits, and linear interpolation differs by less than a rounding. */
export const NEARLY_PARALLEL = 1 - 1e-12;
