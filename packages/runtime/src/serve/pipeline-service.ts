import { pipeline } from '@eigenloom/contracts';
import type { JobService } from '../jobs/job-service.js';
import type { Served } from './kind-service.js';
import type { Wrap } from './wrap.js';

const NAME = 'eigenloom.pipeline.v1.PipelineService';

/** Submits pipelines. */
export function pipelineService(jobs: JobService, wrap: Wrap): Served {
  const handlers: pipeline.PipelineServiceServer = {
    runPipeline: wrap.unary(`${NAME}/RunPipeline`, (request, { signal }) =>
      jobs.submit('pipeline', request, signal),
    ),
  };
  return { name: NAME, definition: pipeline.PipelineServiceService, handlers };
}
