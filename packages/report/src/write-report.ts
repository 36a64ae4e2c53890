import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from './report.js';

/** Writes `report.json` into a folder that has none. */
export async function writeReport(folder: string, report: Report): Promise<void> {
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(report, undefined, 1)}\n`, { flag: 'wx' });
}
