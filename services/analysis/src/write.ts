import type { MethodInfo } from '@eigenloom/contracts';
import { writeReport } from '@eigenloom/report';
import type { Findings } from './study.js';

/** Writes the report, and what the study stores beside it. */
export async function writeFindings(
  folder: string,
  { id, paper }: MethodInfo,
  findings: Findings,
): Promise<void> {
  await writeReport(folder, { ...findings.report, method: id, paper });
  await findings.write?.(folder);
}
