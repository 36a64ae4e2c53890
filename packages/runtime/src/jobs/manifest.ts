import { isObject, type ManifestSource } from '@eigenloom/checkpoint';
import { contractOf } from './contract-of.js';
import type { Lineage } from './job-kind.js';
import type { JobRecord } from './record.js';

/** Version of Eigenloom that stands in manifests. */
export const EIGENLOOM_VERSION = '0.1.0';

/** Not part of what was computed. */
const LEFT_OUT: ReadonlySet<string> = new Set(['requestId', 'validateOnly', 'outputUri', 'residualUri']);

/** What `manifest.json` says beside the files: enough to make the artifact again. */
export function manifestOf(record: JobRecord, lineage: Lineage): ManifestSource {
  const contract = contractOf(record.kind);
  const request = contract.request.decode(Buffer.from(record.request, 'base64'));
  const json = (contract as { request: { toJSON(message: unknown): unknown } }).request.toJSON(request);
  const fields = isObject(json) ? json : {};
  return {
    inputs: lineage.inputs,
    request: Object.fromEntries(Object.entries(fields).filter(([key]) => !LEFT_OUT.has(key))),
    seed: String(request.seed),
    versions: { eigenloom: EIGENLOOM_VERSION },
  };
}
