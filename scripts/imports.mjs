// Draws the imports between files, packages and crates, and says how large files and functions are:
//   npm run imports               cycles, who imports whom, the largest file, the median and the longest function
//   npm run imports -- --check    fails on a cycle and on an import against scripts/layers.mjs
//   npm run imports -- --mermaid  a drawing of the packages for a Markdown page
// Types count as imports. Tests and generated code are left out.
import { cycles, grouped } from './imports/graph.mjs';
import { KNOWN_CYCLES } from './imports/known-cycles.mjs';
import { rustFiles } from './imports/rust.mjs';
import { typescriptFiles } from './imports/typescript.mjs';
import { CRATE_LAYERS, LAYERS } from './layers.mjs';

const LANGUAGES = { TypeScript: typescriptFiles, Rust: rustFiles };

const graphOf = (files) => new Map(files.map(({ path, imports }) => [path, imports]));

/** The package, service or crate of a file: `packages/numeric`. */
const packageOf = (path) =>
  path
    .split('/')
    .slice(0, path.startsWith('demo/') ? 1 : 2)
    .join('/');

function isAllowed(from, to) {
  const [kind, name] = from.split('/');
  const [toKind, toName] = to.split('/');
  if (kind === 'crates') return CRATE_LAYERS[name]?.includes(toName) === true;
  if (kind === 'demo') return true;
  if (name === 'cli') return toKind !== 'demo';
  if (kind === 'services') return toKind === 'packages' && toName !== 'cli' && toName !== 'testkit';
  return toKind === 'packages' && LAYERS[name]?.includes(toName) === true;
}

/** Imports that the layers do not allow, as lines. */
function againstLayers(files) {
  return files.flatMap(({ path, imports }) =>
    [...imports]
      .filter((to) => packageOf(path) !== packageOf(to) && !isAllowed(packageOf(path), packageOf(to)))
      .map((to) => `${path} imports ${to}`),
  );
}

const isKnown = (cycle) => KNOWN_CYCLES.some((known) => cycle.every((path) => known.includes(path)));

/** Entries of the list of known cycles whose files are there and import each other no more. */
function resolved(files, found) {
  const paths = new Set(files.map(({ path }) => path));
  const remains = (known) => found.some((cycle) => cycle.every((path) => known.includes(path)));
  return KNOWN_CYCLES.filter((known) => known.some((path) => paths.has(path)) && !remains(known));
}

function printSizes(language, files) {
  const byLines = files.toSorted((a, b) => b.lines - a.lines);
  const [largest, median] = [byLines[0], byLines[byLines.length >> 1]];
  const functions = files.flatMap((file) => file.functions);
  const longest = functions.reduce((a, b) => (b.lines > a.lines ? b : a), functions[0]);
  console.log(`${language}: ${files.length} files`);
  console.log(`  largest file      ${largest.lines} lines  ${largest.path}`);
  console.log(`  median file       ${median.lines} lines`);
  if (longest === undefined) return;
  console.log(`  longest function  ${longest.lines} lines  ${longest.name}, ${longest.path}:${longest.line}`);
}

function printCycles(found) {
  console.log(`  cycles: ${found.length === 0 ? 'none' : found.length}`);
  for (const cycle of found) {
    console.log(`    ${cycle.length} files${isKnown(cycle) ? ', known' : ''}`);
    for (const path of cycle) console.log(`      ${path}`);
  }
}

function printPackages(packages) {
  console.log('Packages:');
  for (const [name, imports] of packages) {
    console.log(`  ${name} → ${[...imports].sort().join(', ') || 'nothing'}`);
  }
  const around = cycles(packages);
  console.log(
    around.length === 0 ? '  one way' : `  NOT one way: ${around.map((each) => each.join(' ↔ ')).join('; ')}`,
  );
}

function mermaid(packages) {
  const lines = [...packages].flatMap(([from, imports]) => [...imports].map((to) => `  ${from} --> ${to}`));
  return ['```mermaid', 'graph TD', ...lines.sort(), '```'].join('\n');
}

/** What `--check` refuses, as lines. */
function faults(files) {
  const found = cycles(graphOf(files));
  const packages = cycles(grouped(graphOf(files), packageOf));
  return [
    ...found.filter((cycle) => !isKnown(cycle)).map((cycle) => `a cycle of imports: ${cycle.join(', ')}`),
    ...packages.map((cycle) => `a cycle of packages: ${cycle.join(', ')}`),
    ...againstLayers(files).map((line) => `against the layers: ${line}`),
    ...resolved(files, found).map(
      ([first]) => `no longer a cycle, take it out of scripts/imports/known-cycles.mjs: ${first}, …`,
    ),
  ];
}

const byLanguage = Object.entries(LANGUAGES).map(([language, read]) => [language, read(process.cwd())]);
const all = byLanguage.flatMap(([, files]) => files);
const packages = grouped(graphOf(all), packageOf);

if (process.argv.includes('--mermaid')) {
  console.log(mermaid(packages));
} else if (process.argv.includes('--check')) {
  const found = faults(all);
  for (const line of found) console.error(`imports: ${line}`);
  if (found.length > 0) process.exitCode = 1;
} else {
  for (const [language, files] of byLanguage) {
    if (files.length === 0) continue;
    printSizes(language, files);
    printCycles(cycles(graphOf(files)));
  }
  printPackages(packages);
  const against = againstLayers(all);
  console.log(`Imports against the layers: ${against.length === 0 ? 'none' : `\n  ${against.join('\n  ')}`}`);
}
