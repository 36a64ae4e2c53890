import { mapUris, type pipeline } from '@eigenloom/contracts';
import { invalidInput } from '@eigenloom/errors';
import type { KindName, RequestOf } from '../jobs/contract-of.js';

/** A step with what it waits for. */
export interface Node {
  readonly id: string;
  readonly kind: Exclude<KindName, 'pipeline'>;
  readonly request: RequestOf[Exclude<KindName, 'pipeline'>];
  /** Ids of steps, in order of their appearance. */
  readonly needs: readonly string[];
  /** Steps that need its residual. */
  readonly residualUsed: boolean;
}

const STEP_ID = /^[A-Za-z0-9_-]{1,64}$/;
const STEP_URI = /^step:([^/]*)(?:\/(.*))?$/s;
const MAX_STEPS = 256;

/** Fields of a request that name what it writes. */
const WRITTEN = ['output_uri', 'residual_uri'];
const writtenBy = (kind: Node['kind']): readonly string[] => (kind === 'init' ? WRITTEN : ['output_uri']);

const KIND_OF_CASE = { init: 'init', train: 'train', merge: 'merge', analyze: 'analysis' } as const;

/** The graph of a pipeline; throws InvalidInput naming the step's field when it is none. */
export function graphOf(request: pipeline.RunPipelineRequest): readonly Node[] {
  const { steps } = request;
  if (steps.length === 0) throw invalidInput('PIPELINE_EMPTY', 'steps', 'must hold at least one step');
  if (steps.length > MAX_STEPS) {
    throw invalidInput('PIPELINE_TOO_LARGE', 'steps', `must hold at most ${String(MAX_STEPS)} steps`);
  }
  const ids = new Set<string>();
  steps.forEach(({ id }, i) => {
    const field = `steps[${String(i)}].id`;
    if (!STEP_ID.test(id)) {
      throw invalidInput('STEP_ID_INVALID', field, 'must be 1 to 64 letters, digits, "-" and "_"');
    }
    if (ids.has(id)) throw invalidInput('STEP_ID_DUPLICATE', field, `the id ${id} is used twice`);
    ids.add(id);
  });
  const nodes = steps.map((step, i) => nodeOf(step, `steps[${String(i)}]`, ids));
  assertAcyclic(nodes);
  const residuals = new Set(steps.flatMap((step) => residualsOf(step)));
  return nodes.map((node) => ({ ...node, residualUsed: residuals.has(node.id) }));
}

function nodeOf(step: pipeline.Step, field: string, ids: ReadonlySet<string>): Node {
  if (step.request === undefined) {
    throw invalidInput('STEP_REQUEST_MISSING', field, 'must have one of init, train, merge, analyze');
  }
  const kind = KIND_OF_CASE[step.request.$case];
  const request = step.request.value;
  const at = `${field}.${step.request.$case}`;
  for (const [name, set] of [
    ['request_id', request.requestId !== ''],
    ['validate_only', request.validateOnly],
    ['output_uri', request.outputUri !== ''],
  ] as const) {
    if (set) throw invalidInput('STEP_FIELD_NOT_ALLOWED', `${at}.${name}`, 'is set by the pipeline');
  }
  const needs = new Set<string>();
  const need = (id: string, where: string): void => {
    if (!ids.has(id)) throw invalidInput('STEP_UNKNOWN', where, `there is no step ${id.slice(0, 64)}`);
    needs.add(id);
  };
  step.after.forEach((id, i) => {
    need(id, `${field}.after[${String(i)}]`);
  });
  mapUris(request, writtenBy(kind), (uri, path) => {
    const id = STEP_URI.exec(uri)?.[1];
    if (id !== undefined) need(id, `${at}.${path}`);
    return uri;
  });
  return { id: step.id, kind, request, needs: [...needs], residualUsed: false };
}

/** Steps whose residual a step reads. */
function residualsOf(step: pipeline.Step): string[] {
  const found: string[] = [];
  mapUris(step.request, [], (uri) => {
    const [, id, path = ''] = STEP_URI.exec(uri) ?? [];
    if (id !== undefined && path.split('/')[0] === 'residual') found.push(id);
    return uri;
  });
  return found;
}

function assertAcyclic(nodes: readonly Node[]): void {
  const waiting = new Map(nodes.map((node) => [node.id, new Set(node.needs)]));
  while (waiting.size > 0) {
    const ready = [...waiting].filter(([, needs]) => [...needs].every((id) => !waiting.has(id)));
    if (ready.length === 0) {
      const names = [...waiting.keys()].sort().join(', ');
      throw invalidInput('PIPELINE_CYCLE', 'steps', `the steps ${names} wait for each other`);
    }
    for (const [id] of ready) waiting.delete(id);
  }
}

/** The request of a step as its job runs it: `step:` becomes `job:` of the step's job. */
export function rewriteSteps(node: Node, jobIdOf: (stepId: string) => string): Node['request'] {
  return mapUris(node.request, writtenBy(node.kind), (uri) => {
    const [, id, path] = STEP_URI.exec(uri) ?? [];
    if (id === undefined) return uri;
    return `job:${jobIdOf(id)}${path === undefined ? '' : `/${path}`}`;
  });
}
