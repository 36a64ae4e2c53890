import type { MethodInfo } from '@eigenloom/contracts';
import { writeReport } from '@eigenloom/report';
import type { Findings } from './study.js';

/** Writes the report, and what the study stores beside it. */
export async function writeFindings(
  folder: string,
  { id, paper }: MethodInfo,
  { report, write }: Findings,
): Promise<void> {
  await writeReport(folder, { ...report, method: id, paper });
  await write?.(folder);
}
