import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Report } from './report.js';

const FILE = 'report.json';

/** Writes `report.json` into a folder that has none yet. Numbers that are not finite become null. */
export const writeReport = (folder: string, report: Report): Promise<void> =>
  writeFile(join(folder, FILE), `${JSON.stringify(report, null, 2)}\n`, { flag: 'wx' });

/** The report in a folder. */
export const readReport = async (folder: string): Promise<Report> =>
  JSON.parse(await readFile(join(folder, FILE), 'utf8')) as Report;
