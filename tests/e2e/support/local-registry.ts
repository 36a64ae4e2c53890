import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A registry that a test started. */
export interface LocalRegistry {
  readonly url: string;
  readonly close: () => Promise<void>;
}

const readManifest = async (folder: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;

/** Folder of a package as Node finds it from a folder. */
function find(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

/** Folders of all packages of others that a folder depends on, as their manifests say. */
async function dependenciesOf(folder: string, found: Map<string, Manifest>): Promise<void> {
  const { dependencies, optionalDependencies } = await readManifest(folder);
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const place = name.startsWith('@eigenloom/') ? undefined : find(name, folder);
    if (place === undefined || found.has(place)) continue;
    found.set(place, await readManifest(place));
    await dependenciesOf(place, found);
  }
}

/**
 * Gives npm the installed dependencies of these folders as a registry would, so that a test installs as a user does and needs no
 * network. What they do not declare is not there.
 */
export async function startRegistry(folders: readonly string[]): Promise<LocalRegistry> {
  const places = new Map<string, Manifest>();
  for (const folder of folders) await dependenciesOf(folder, places);
  const all = [...places];
  let url = '';
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1);
    const index = /^tarballs\/(\d+)\.tgz$/.exec(path)?.[1];
    const [place] = index === undefined ? [] : (all[Number(index)] ?? []);
    if (place !== undefined) {
      const args = ['-cz', '--exclude=./node_modules', '--transform=s,^\\.,package,', '-C', place, '.'];
      spawn('tar', args, { stdio: ['ignore', 'pipe', 'inherit'] }).stdout.pipe(response);
      return;
    }
    const versions = all.flatMap(([, manifest], position) =>
      manifest.name === path ? [{ ...manifest, dist: { tarball: `${url}tarballs/${position}.tgz` } }] : [],
    );
    response.statusCode = versions.length === 0 ? 404 : 200;
    response.end(
      JSON.stringify({
        name: path,
        'dist-tags': { latest: versions.at(-1)?.version },
        versions: Object.fromEntries(versions.map((each) => [each.version, each])),
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => {
        resolve();
      });
    });
  return { url, close };
}
