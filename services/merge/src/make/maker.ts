import type { common, merge } from '@eigenloom/contracts';
import type { JobContext, RequestContext } from '@eigenloom/runtime';

/** How the result of a family of methods is made. */
export interface Maker {
  /** Checks everything that can be known before running; throws InvalidInput naming the field. */
  validate(request: merge.MergeRequest, context: RequestContext): Promise<void>;
  estimate(request: merge.MergeRequest, context: RequestContext): Promise<common.Estimate>;
  /** Does the work. Throws when `context.signal` aborts. */
  run(request: merge.MergeRequest, context: JobContext): Promise<merge.MergeResponse>;
}
