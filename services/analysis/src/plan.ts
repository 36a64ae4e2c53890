import type { analysis, MethodInfo } from '@eigenloom/contracts';
import type { RequestContext } from '@eigenloom/runtime';
import { STUDIES } from './methods/index.js';
import type { OpenedStudy } from './study.js';

export interface AnalysisPlan {
  readonly method: MethodInfo;
  readonly study: OpenedStudy;
}

/** Opens what a request names. Errors: `METHOD_MISSING`; those of the study. */
export async function planAnalysis(
  { study }: Pick<analysis.AnalyzeRequest, 'study'>,
  context: RequestContext,
): Promise<AnalysisPlan> {
  const { info, method } = STUDIES.create(study?.kind);
  return { method: info, study: await method.open(context) };
}
