import type { common, ServiceKind } from '@eigenloom/contracts';
import { openClient } from './mesh/open-client.js';
import { loadKinds } from './mesh/service-kinds.js';
import { printJson, printTable } from './output.js';

type Listing = readonly (readonly [ServiceKind, readonly common.Method[]])[];

async function fromServer(address: string, services: readonly ServiceKind[]): Promise<Listing> {
  const client = await openClient({ server: address }, []);
  try {
    return await Promise.all(services.map(async (kind) => [kind, await client.methods(kind)] as const));
  } finally {
    await client.close();
  }
}

/** Prints the registries of the services: those of this installation, or of a server. */
export async function listMethods(
  services: readonly ServiceKind[],
  options: { readonly json?: boolean; readonly server?: string },
): Promise<void> {
  const listing: Listing =
    options.server === undefined
      ? (await loadKinds(services)).map(({ kind, methods }) => [kind, methods] as const)
      : await fromServer(options.server, services);
  if (options.json === true) {
    printJson(Object.fromEntries(listing));
    return;
  }
  printTable(
    ['SERVICE', 'CHOICE', 'METHOD', 'SUMMARY', 'PAPER'],
    listing.flatMap(([kind, methods]) =>
      methods.map(({ id, field, summary, paper }) => [kind, field, id, summary, paper]),
    ),
  );
}
