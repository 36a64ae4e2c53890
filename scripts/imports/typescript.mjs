// The TypeScript files of a repository: what each imports, types too, and its functions.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

import ts from 'typescript';

const GENERATED = /\/gen\//;
const TEST = /\.test\.ts$/;

/** Folders of packages by the names that they are imported by. */
function packages(root) {
  const folders = ['packages', 'services'].flatMap((kind) =>
    existsSync(join(root, kind)) ? readdirSync(join(root, kind)).map((name) => `${kind}/${name}`) : [],
  );
  const named = [...folders, 'demo'].filter((folder) => existsSync(join(root, folder, 'package.json')));
  return new Map(
    named.map((folder) => [JSON.parse(readFileSync(join(root, folder, 'package.json'))).name, folder]),
  );
}

/** The file that `from` imports as `specifier`; none for packages of others. */
function resolve(specifier, from, folders, files) {
  let path = normalize(join(dirname(from), specifier));
  if (!specifier.startsWith('.')) {
    const name = [...folders.keys()].find((each) => specifier === each || specifier.startsWith(`${each}/`));
    if (name === undefined) return undefined;
    const inside = specifier.slice(name.length + 1).replace(/^dist\//, 'src/');
    path = join(folders.get(name), inside === '' ? 'src/index.js' : inside);
  }
  const candidates = [path.replace(/\.js$/, '.ts'), `${path}.ts`, join(path, 'index.ts')];
  return candidates.find((each) => files.has(each));
}

const isImport = (node) =>
  ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isExternalModuleReference(node);

/** What a node names as the module to import. */
function specifierOf(node) {
  if (isImport(node)) return node.moduleSpecifier ?? node.expression;
  if (ts.isImportTypeNode(node)) return node.argument.literal;
  const called = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return called ? node.arguments[0] : undefined;
}

const hasBody = (node) => ts.isFunctionLike(node) && node.body !== undefined;

function nameOf(node) {
  const named = node.name ?? node.parent.name;
  return named === undefined
    ? ts.isConstructorDeclaration(node)
      ? 'constructor'
      : 'a function'
    : named.getText();
}

function read(path, text) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const specifiers = new Set();
  const functions = [];
  const lineOf = (position) => source.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node) => {
    const specifier = specifierOf(node);
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) specifiers.add(specifier.text);
    if (hasBody(node)) {
      const line = lineOf(node.getStart());
      functions.push({ path, name: nameOf(node), line, lines: lineOf(node.end) - line + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { specifiers, functions };
}

/** `{ path, lines, imports, functions }` of each file, without tests and generated code. */
export function typescriptFiles(root) {
  const folders = packages(root);
  const paths = [...folders.values()].flatMap((folder) => {
    if (!existsSync(join(root, folder, 'src'))) return [];
    const inside = readdirSync(join(root, folder, 'src'), { recursive: true });
    return inside.map((name) => join(folder, 'src', name));
  });
  const written = paths.filter((path) => path.endsWith('.ts') && !GENERATED.test(path) && !TEST.test(path));
  const files = new Set(written);
  return written.sort().map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const { specifiers, functions } = read(path, text);
    const imports = [...specifiers].map((each) => resolve(each, path, folders, files));
    return {
      path,
      lines: text.split('\n').length - 1,
      imports: new Set(imports.filter((each) => each !== undefined && each !== path)),
      functions,
    };
  });
}
