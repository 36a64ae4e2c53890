import type { common, merge } from '@eigenloom/contracts';
import type { JobContext, RequestContext } from '@eigenloom/runtime';

/** How one kind of result is made, by a method with its parameters. */
export interface Maker {
  /** Checks everything that can be known before running; throws InvalidInput naming the field. */
  validate(request: merge.MergeRequest, context: RequestContext): Promise<void>;
  estimate(request: merge.MergeRequest, context: RequestContext): Promise<common.Estimate>;
  /** Does the work. Throws when `context.signal` aborts. */
  run(request: merge.MergeRequest, context: JobContext): Promise<merge.MergeResponse>;
}
