import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PROTO = join(__dirname, '..', '..', '..', 'proto', 'eigenloom');

interface Field {
  readonly name: string;
  readonly comment: string;
  readonly optional: boolean;
}

/** Fields of requests that hold one number, text or flag, with their comments. */
function scalars(): Field[] {
  const found: Field[] = [];
  for (const file of readdirSync(PROTO, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.proto')) continue;
    let message = '';
    let comment = '';
    for (const line of readFileSync(join(PROTO, file), 'utf8').split('\n')) {
      message = /^message (\w+)/.exec(line)?.[1] ?? message;
      const said = /^\s*\/\/ ?(.*)/.exec(line)?.[1];
      const [, presence, field] =
        /^\s*(optional )?(?:u?int32|u?int64|double|float|string|bool) (\w+) = \d+;/.exec(line) ?? [];
      if (field !== undefined) {
        found.push({ name: `${message}.${field}`, comment, optional: presence !== undefined });
      }
      comment = said === undefined ? '' : `${comment} ${said}`;
    }
  }
  return found;
}

/** Defaults that a field without presence has anyway, and the one text that stands for "the artifact store". */
const ZERO = /\bDefault(: the artifact store\.| 0\.| false\.)/;

describe('one convention for defaults', () => {
  const fields = scalars();

  test('a default that is not zero has presence, so that 0 is never mistaken for it', () => {
    expect(fields.length).toBeGreaterThan(100);
    const mistaken = fields.filter(
      ({ comment, optional }) => !optional && /\bDefault\b/.test(comment) && !ZERO.test(comment),
    );
    expect(mistaken.map(({ name }) => name)).toEqual([]);
  });

  test('a field with presence says what its absence means', () => {
    const silent = fields.filter(
      ({ comment, optional }) => optional && !/\b(Default|Required|[Aa]bsent)\b/.test(comment),
    );
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
});
