import { jobs, type pipeline } from '@eigenloom/contracts';
import { createHash } from 'node:crypto';
import type { RequestOf } from '../jobs/contract-of.js';
import { newRecord } from '../jobs/new-record.js';
import type { JobRecord } from '../jobs/record.js';
import { graphOf, type Node, rewriteSteps } from './graph.js';

/** Id of a step's job; the same whoever creates it, so that a half-created pipeline can be completed by anyone. */
export function stepJobId(pipelineId: string, stepId: string): string {
  return `${pipelineId}-${stepId}`;
}

/** Seed of a step that sets none: the first 63 bits of SHA-256 over the pipeline's seed and the step's id. */
function seedOf(pipelineSeed: bigint, stepId: string): bigint {
  const digest = createHash('sha256')
    .update(`${String(pipelineSeed)}/${stepId}`)
    .digest();
  return digest.readBigUInt64BE(0) >> 1n;
}

/** The request of a step as its job runs it. */
export function stepRequest(
  pipelineId: string,
  { outputUri, seed }: pipeline.RunPipelineRequest,
  node: Node,
): RequestOf[Node['kind']] {
  const rewritten = rewriteSteps(node, (id) => stepJobId(pipelineId, id));
  const request = {
    ...rewritten,
    seed: rewritten.seed === 0n ? seedOf(seed, node.id) : rewritten.seed,
    outputUri: outputUri === '' ? '' : `${outputUri}/${node.id}`,
  };
  if (!node.residualUsed || !('residualUri' in request) || request.residualUri !== '') return request;
  return { ...request, residualUri: outputUri === '' ? 'job:' : `${outputUri}/${node.id}-residual` };
}

/** The records of all steps, waiting. */
export function stepRecords(parent: JobRecord, request: pipeline.RunPipelineRequest): JobRecord[] {
  return graphOf(request).map((node) =>
    newRecord(node.kind, stepRequest(parent.id, request, node) as never, {
      id: stepJobId(parent.id, node.id),
      state: jobs.JobState.WAITING,
      parent: parent.id,
      stepId: node.id,
      needs: node.needs.map((id) => stepJobId(parent.id, id)),
      trace: parent.trace,
      ...(parent.home !== undefined && { home: parent.home }),
    }),
  );
}
