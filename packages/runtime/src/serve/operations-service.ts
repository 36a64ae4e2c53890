import { longrunning } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import type { JobService } from '../jobs/job-service.js';
import type { Served } from './kind-service.js';
import { fittingPage } from './page.js';
import type { Wrap } from './wrap.js';

const NAME = 'google.longrunning.Operations';
const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 200;
const MAX_WAIT_MS = 600_000;

const encodeToken = (id: string): string => Buffer.from(`1:${id}`).toString('base64url');

function decodeToken(token: string): string {
  if (token === '') return '';
  const text = Buffer.from(token, 'base64url').toString();
  if (!/^1:[A-Za-z0-9_-]{1,120}$/.test(text)) {
    throw invalidInput('PAGE_TOKEN_INVALID', 'page_token', 'was not made by this service');
  }
  return text.slice(2);
}

function pageSize(asked: number): number {
  if (asked < 0) throw invalidInput('PAGE_SIZE_NEGATIVE', 'page_size', 'must not be negative');
  return asked === 0 ? DEFAULT_PAGE : Math.min(asked, LARGEST_PAGE);
}

async function list(
  jobs: JobService,
  { filter, name, pageSize: asked, pageToken }: longrunning.ListOperationsRequest,
): Promise<longrunning.ListOperationsResponse> {
  if (filter !== '') throw invalidInput('FILTER_UNSUPPORTED', 'filter', 'must be empty');
  if (name !== '' && name !== 'operations') {
    throw invalidInput('PARENT_UNKNOWN', 'name', 'must be empty or "operations"');
  }
  const size = pageSize(asked);
  const found = await jobs.list(decodeToken(pageToken), size + 1);
  const page = fittingPage(found.slice(0, size));
  const last = page.at(-1);
  return {
    operations: page.map(({ operation }) => operation),
    nextPageToken: found.length > page.length && last !== undefined ? encodeToken(last.id) : '',
    unreachable: [],
  };
}

/** A signal that also aborts after the time that the request allows. */
function waitSignal(timeout: longrunning.WaitOperationRequest['timeout'], signal: AbortSignal): AbortSignal {
  if (timeout === undefined) return signal;
  const ms = Number(timeout.seconds) * 1000 + timeout.nanos / 1e6;
  if (ms < 0) throw invalidInput('TIMEOUT_NEGATIVE', 'timeout', 'must not be negative');
  return AbortSignal.any([signal, AbortSignal.timeout(Math.min(ms, MAX_WAIT_MS))]);
}

/** google.longrunning.Operations over the jobs. */
export function operationsService(jobs: JobService, wrap: Wrap): Served {
  const handlers: longrunning.OperationsServer = {
    listOperations: wrap.unary(`${NAME}/ListOperations`, (request) => list(jobs, request)),
    getOperation: wrap.unary(`${NAME}/GetOperation`, ({ name }) => jobs.get(name)),
    deleteOperation: wrap.unary(`${NAME}/DeleteOperation`, async ({ name }) => {
      await jobs.delete(name);
      return {};
    }),
    cancelOperation: wrap.unary(`${NAME}/CancelOperation`, async ({ name }) => {
      await jobs.cancel(name);
      return {};
    }),
    waitOperation: wrap.unary(
      `${NAME}/WaitOperation`,
      ({ name, timeout }, { signal }) => jobs.wait(name, waitSignal(timeout, signal)),
      MAX_WAIT_MS + 5_000,
    ),
  };
  return { name: NAME, definition: longrunning.OperationsService, handlers };
}
