import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const SCRIPT = join(__dirname, '../../scripts/imports.mjs');

const manifest = (name: string): string => JSON.stringify({ name: `@eigenloom/${name}` });
const CRATE = '[package]\nname = "eigenloom-numeric"\n';

/** What the command says of a repository of these files. */
function imports(
  files: Readonly<Record<string, string>>,
  ...options: string[]
): { status: number | null; output: string } {
  const root = mkdtempSync(join(tmpdir(), 'eigenloom-imports-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...options], {
      cwd: root,
      encoding: 'utf8',
    });
    return { status, output: stdout + stderr };
  } finally {
    rmSync(root, { recursive: true });
  }
}

const check = (files: Readonly<Record<string, string>>): { status: number | null; output: string } =>
  imports(files, '--check');

describe('TypeScript', () => {
  const errors = { 'packages/errors/package.json': manifest('errors') };

  test('files that import each other are refused, types and lazy imports too', () => {
    const { status, output } = check({
      ...errors,
      'packages/errors/src/a.ts': "import type { B } from './b.js';\nexport type A = B;\n",
      'packages/errors/src/b.ts': "export type B = import('./c.js').C;\n",
      'packages/errors/src/c.ts': "export type C = 1;\nexport const load = () => import('./a.js');\n",
    });
    expect(status).toBe(1);
    expect(output).toContain(
      'a cycle of imports: packages/errors/src/a.ts, packages/errors/src/b.ts, packages/errors/src/c.ts',
    );
  });

  test('imports one way pass; comments, texts, tests and generated code do not count', () => {
    const back = "import './index.js';\n";
    expect(
      check({
        ...errors,
        'packages/errors/src/index.ts': "export * from './b.js';\nimport './gen/c.js';\n",
        'packages/errors/src/b.ts': `// ${back}export const text = \`${back}\`;\n`,
        'packages/errors/src/b.test.ts': back,
        'packages/errors/src/gen/c.ts': back,
      }),
    ).toEqual({ status: 0, output: '' });
  });

  test('an import against the layers is refused', () => {
    const { status, output } = check({
      ...errors,
      'packages/errors/src/index.ts': "export * from '@eigenloom/numeric';\n",
      'packages/numeric/package.json': manifest('numeric'),
      'packages/numeric/src/index.ts': 'export const one = 1;\n',
    });
    expect(status).toBe(1);
    expect(output).toContain(
      'against the layers: packages/errors/src/index.ts imports packages/numeric/src/index.ts',
    );
  });
});

describe('Rust', () => {
  const crate = (files: Readonly<Record<string, string>>): Record<string, string> => ({
    'crates/numeric/Cargo.toml': CRATE,
    ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`crates/numeric/src/${path}`, text])),
  });

  test('files that use each other through a re-export, a tree and a path are refused', () => {
    const { status, output } = check(
      crate({
        'lib.rs': 'mod a;\nmod b;\nmod c;\npub use c::Third;\n',
        'a.rs': 'use super::{b::{self, Second as Other}};\npub struct First;\n',
        'b/mod.rs':
          'mod inner;\npub struct Second;\nimpl Second { fn third() -> crate::Third { todo!() } }\n',
        'b/inner.rs': '',
        'c.rs': 'pub struct Third;\nfn first() { let _ = crate::a::First; }\n',
      }),
    );
    expect(status).toBe(1);
    expect(output).toContain(
      'a cycle of imports: crates/numeric/src/a.rs, crates/numeric/src/b/mod.rs, crates/numeric/src/c.rs',
    );
  });

  test('a use inside a macro and an inline module counts', () => {
    const { output } = check(
      crate({
        'lib.rs': 'mod a;\nmod b;\n',
        'a.rs': "simd! { fn f<'a>(x: &'a str) -> char { super::b::g(); '\"' } }\n",
        'b.rs': 'mod inside { use super::super::a; }\n',
      }),
    );
    expect(output).toContain('a cycle of imports: crates/numeric/src/a.rs, crates/numeric/src/b.rs');
  });

  test('imports one way pass; comments, texts and tests do not count', () => {
    const back = 'use crate::a::First;';
    expect(
      check(
        crate({
          'lib.rs': 'pub mod a;\nmod b;\n#[cfg(test)]\nmod b_tests;\n',
          'a.rs': 'use crate::b;\npub struct First;\n',
          'b.rs': `/* /* nested */ ${back} */ // ${back}\nconst T: &str = r#"${back} " "#;\n#[cfg(test)]\nmod tests { ${back} }\n`,
          'b_tests.rs': `use super::b;\n${back}\n`,
        }),
      ),
    ).toEqual({ status: 0, output: '' });
  });

  test('the longest function and the largest file are named', () => {
    const { output } = imports(
      crate({
        'lib.rs': 'mod a;\nfn short() {}\n',
        'a.rs': 'fn long(x: [u8; 2])\nwhere\n    u8: Copy,\n{\n    let y = x;\n}\n',
      }),
    );
    expect(output).toContain('longest function  6 lines  long, crates/numeric/src/a.rs:1');
    expect(output).toContain('largest file      6 lines  crates/numeric/src/a.rs');
  });
});
