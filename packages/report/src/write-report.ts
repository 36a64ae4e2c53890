import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from './report.js';

const FILE = 'report.json';

/** Writes `report.json` into a folder that has none. Numbers that are not finite become null. */
export async function writeReport(folder: string, report: Report): Promise<void> {
  await writeFile(join(folder, FILE), `${JSON.stringify(report, undefined, 1)}\n`, { flag: 'wx' });
}

/** The report in a folder. */
export const readReport = async (folder: string): Promise<Report> =>
  JSON.parse(await readFile(join(folder, FILE), 'utf8')) as Report;
