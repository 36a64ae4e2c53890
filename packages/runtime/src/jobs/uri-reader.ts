import type { common } from '@eigenloom/contracts';
import { incompatible, invalidInput, notFound } from '@eigenloom/errors';
import { join, normalize } from 'node:path';
import type { Artifacts } from './artifacts.js';
import { contractOf } from './contract-of.js';
import type { JobStore } from './job-store.js';
import { operationName } from './record.js';

/** `job:ID[.PART][/PATH]`; a part may also lead the path. */
const JOB_URI = /^job:(?:operations\/)?([A-Za-z0-9_-]+)(?:\.([A-Za-z0-9_-]+))?(?:\/(.*))?$/s;

/** Local paths of request URIs: those of jobs by their records, the others by the allowed roots. */
export class UriReader {
  constructor(
    private readonly store: JobStore,
    private readonly artifacts: Artifacts,
  ) {}

  async resolve(uri: string, field: string): Promise<string> {
    if (!uri.startsWith('job:')) return this.artifacts.resolve(uri, field);
    const match = JOB_URI.exec(uri);
    const id = match?.[1];
    if (id === undefined) throw invalidInput('URI_INVALID', field, 'job: needs the id of an operation');
    const { part, rest, artifact } = await this.artifactOf(
      id,
      [match?.[2], match?.[3]].filter(Boolean).join('/'),
      field,
    );
    const folder = artifact.uri.startsWith('job:')
      ? await this.artifacts.folderOf(id, part, field)
      : await this.artifacts.resolve(artifact.uri, field);
    return rest === '' ? folder : join(folder, insideFolder(rest, field));
  }

  /** The artifact that the path after `job:ID/` starts with: a named part, else the main one. */
  private async artifactOf(
    id: string,
    path: string,
    field: string,
  ): Promise<{ part: string; rest: string; artifact: common.Artifact }> {
    const job = await this.store.find(id);
    if (job === undefined) {
      throw notFound('OPERATION_NOT_FOUND', `${field}: ${operationName(id)} does not exist`);
    }
    const { kind, response } = job.record;
    if (response === undefined) {
      throw incompatible('JOB_HAS_NO_ARTIFACT', `${field}: ${operationName(id)} has not succeeded`);
    }
    const contract = contractOf(kind) as {
      response: { decode(b: Uint8Array): unknown };
      artifacts(r: unknown): Record<string, common.Artifact>;
    };
    const parts = contract.artifacts(contract.response.decode(Buffer.from(response, 'base64')));
    const [head = '', ...tail] = path.split('/');
    const named = Object.hasOwn(parts, head) ? parts[head] : undefined;
    if (head !== '' && named !== undefined) return { part: head, rest: tail.join('/'), artifact: named };
    const main = parts[''];
    if (main === undefined) {
      throw incompatible('JOB_HAS_NO_ARTIFACT', `${field}: ${operationName(id)} has no artifact ${path}`);
    }
    return { part: '', rest: path, artifact: main };
  }
}

function insideFolder(path: string, field: string): string {
  const normal = normalize(path);
  if (path.includes('\0') || path.includes('\\') || normal.startsWith('..') || normal.startsWith('/')) {
    throw invalidInput('URI_TRAVERSAL', field, 'must stay inside the artifact');
  }
  return normal;
}
