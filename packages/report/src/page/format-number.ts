const SIGNIFICANT = 5;
/** Outside of these a number is written with a power of ten. */
const SMALLEST = 1e-4;
const LARGEST = 1e7;

/** At most 5 significant digits; integers below 10⁷ whole, in groups of three. */
export function formatNumber(value: number, significant = SIGNIFICANT): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < SMALLEST || size >= LARGEST)) {
    const [digits = '', power = ''] = value.toExponential(significant - 1).split('e');
    return `${withoutZeros(digits)}e${power.replace('+', '')}`;
  }
  if (Number.isInteger(value)) return grouped(String(value));
  const digits = value.toPrecision(significant);
  // toPrecision goes over to powers of ten where the whole part has more digits than were asked for.
  return digits.includes('e') ? grouped(value.toFixed(0)) : grouped(withoutZeros(digits));
}

const withoutZeros = (digits: string): string =>
  digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;

function grouped(digits: string): string {
  const [whole = '', rest] = digits.split('.');
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return rest === undefined ? groups : `${groups}.${rest}`;
}
