// The Rust files of a repository: what each imports, through re-exports where there are some, and its functions.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { readSource } from './rust-items.mjs';

const ROOTS = new Set(['lib.rs', 'main.rs', 'mod.rs']);

/** A module of a crate with the file that it is in, its parent and its children by name. */
function place(module, file, folder, parent, root, files) {
  const placed = { ...module, file, parent, children: new Map() };
  for (const child of module.children) {
    if (child.uses !== undefined) {
      placed.children.set(child.name, place(child, file, join(folder, child.name), placed, root, files));
      continue;
    }
    const names = child.path === undefined ? [`${child.name}.rs`, `${child.name}/mod.rs`] : [child.path];
    const path = names.map((name) => join(folder, name)).find((each) => existsSync(join(root, each)));
    if (path !== undefined) placed.children.set(child.name, load(path, child.name, placed, root, files));
  }
  return placed;
}

function load(path, name, parent, root, files) {
  const text = readFileSync(join(root, path), 'utf8');
  const file = { path, lines: text.split('\n').length - 1, imports: new Set(), functions: [], modules: [] };
  files.push(file);
  const stem = basename(path);
  const folder = ROOTS.has(stem) ? dirname(path) : join(dirname(path), stem.slice(0, -3));
  return place({ ...readSource(text), name }, file, folder, parent, root, files);
}

const crateOf = (module) => (module.parent === undefined ? module : crateOf(module.parent));

/** The module that the first segment of a path stands for; none where it is of another library or no module. */
function start(module, segment, crates) {
  if (segment === 'crate') return crateOf(module);
  if (segment === 'self') return module;
  if (segment === 'super') return module.parent;
  return module.children.get(segment) ?? crates.get(segment);
}

/** The file that has what a path names, seen from a module. `seen` ends re-exports that go round. */
function fileOf(module, path, crates, seen = new Set()) {
  const key = `${module.file.path} ${path.join('::')}`;
  if (seen.has(key)) return undefined;
  seen.add(key);
  const [first, ...rest] = path;
  const from = start(module, first, crates) ?? usedAs(module, first);
  if (from === undefined) return undefined;
  if (Array.isArray(from)) return fileOf(module, [...from, ...rest], crates, seen);
  return fileInside(from, rest, crates, seen);
}

const usedAs = (module, name) => module.uses.find((use) => use.name === name && use.path[0] !== name)?.path;

/** The file that has what a path names, from the module that it begins in. */
function fileInside(module, path, crates, seen) {
  const [name, ...rest] = path;
  if (name === undefined) return module.file;
  if (name === 'super' && module.parent !== undefined) return fileInside(module.parent, rest, crates, seen);
  const child = module.children.get(name);
  const use = module.uses.find((each) => each.name === name);
  // A module and a macro may share a name: what is used as the name wins where the path ends.
  if (child !== undefined && (rest.length > 0 || use === undefined))
    return fileInside(child, rest, crates, seen);
  if (use !== undefined) return fileOf(module, [...use.path, ...rest], crates, seen) ?? module.file;
  if (module.defined.has(name)) return module.file;
  for (const { path: all } of module.uses.filter((each) => each.name === '*')) {
    const found = fileOf(module, all, crates, seen);
    const of = found?.modules.find((each) => each.defined.has(name));
    if (of !== undefined) return found;
  }
  return module.file;
}

function walk(module, visit) {
  visit(module);
  for (const child of module.children.values()) walk(child, visit);
}

/** `{ path, lines, imports, functions }` of each file, without tests. */
export function rustFiles(root) {
  const folder = join(root, 'crates');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const files = [];
  const crates = new Map();
  for (const name of names.filter((each) => existsSync(join(folder, each, 'src/lib.rs')))) {
    const manifest = readFileSync(join(folder, name, 'Cargo.toml'), 'utf8');
    const library = /^name = "(.*)"/m.exec(manifest)[1].replaceAll('-', '_');
    crates.set(library, load(join('crates', name, 'src/lib.rs'), library, undefined, root, files));
  }
  for (const crate of crates.values()) walk(crate, (module) => module.file.modules.push(module));
  for (const file of files) {
    for (const module of file.modules) {
      const paths = [...module.uses.map((use) => use.path), ...module.paths];
      for (const path of paths) file.imports.add(fileOf(module, path, crates)?.path);
      file.functions.push(...module.functions.map((each) => ({ path: file.path, ...each })));
    }
    file.imports.delete(undefined);
    file.imports.delete(file.path);
  }
  return files.map(({ modules: _, ...file }) => file);
}
