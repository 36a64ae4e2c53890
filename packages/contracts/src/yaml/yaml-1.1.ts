import type { ScalarTag } from 'yaml';

/** Sixty times what is left of each colon: `1:30` is 90. */
const sexagesimal = (digits: string): number =>
  digits.split(':').reduce((sum, part) => 60 * sum + Number(part), 0);

function signed<T extends number | bigint>(text: string, read: (digits: string) => T): T {
  const value = read(text.replace(/^[-+]/, '').replaceAll('_', ''));
  return (text.startsWith('-') ? -value : value) as T;
}

function integer(digits: string): bigint {
  if (digits.includes(':')) return BigInt(sexagesimal(digits));
  if (/^0[0-7]+$/.test(digits)) return BigInt(`0o${digits.slice(1)}`);
  return BigInt(digits);
}

function float(digits: string): number {
  if (/^\.inf$/i.test(digits)) return Infinity;
  if (/^\.nan$/i.test(digits)) return NaN;
  return digits.includes(':') ? sexagesimal(digits) : Number(digits);
}

/**
 * What plain words and numbers are by YAML 1.1 as PyYAML reads it, and so mergekit: `yes`, `off`, `010` (8), `1_000`, `1:30` (90). A float
 * has a point, and a sign in its exponent: `1e-5` is a text, which mergekit's parameters then read as a number. `y` and `n` are texts.
 * What is written is read as the same value again.
 */
export const YAML_1_1: ScalarTag[] = [
  {
    default: true,
    tag: 'tag:yaml.org,2002:null',
    test: /^(?:~|null|Null|NULL)?$/,
    identify: (value) => value === null,
    resolve: () => null,
    stringify: () => 'null',
  },
  {
    default: true,
    tag: 'tag:yaml.org,2002:bool',
    test: /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
    identify: (value) => typeof value === 'boolean',
    resolve: (text) => /^(?:yes|true|on)$/i.test(text),
    stringify: ({ value }) => String(value),
  },
  {
    default: true,
    tag: 'tag:yaml.org,2002:int',
    test: /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*(?::[0-5]?[0-9])*|0x[0-9a-fA-F_]+)$/,
    identify: (value) => typeof value === 'bigint',
    resolve: (text) => signed(text, integer),
    stringify: ({ value }) => String(value),
  },
  {
    default: true,
    tag: 'tag:yaml.org,2002:float',
    test: /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
    identify: (value) => typeof value === 'number',
    resolve: (text) => signed(text, float),
    stringify: ({ value }) => writtenFloat(value as number),
  },
  // Said by `!!float`.
  { tag: 'tag:yaml.org,2002:float', resolve: (text) => signed(text, float) },
];

/** With a point, and with a sign in the exponent. */
function writtenFloat(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value < 0 ? '-.inf' : '.inf';
  const [mantissa = '', exponent] = String(value).split('e');
  const pointed = mantissa.includes('.') ? mantissa : `${mantissa}.0`;
  return exponent === undefined ? pointed : `${pointed}e${exponent}`;
}
