import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { HTML_FILE, JSON_FILE } from './json/format.js';
import { jsonPieces } from './json/pieces.js';
import { renderInWorker } from './page/render-in-worker.js';
import type { Report } from './report.js';

const CHUNK_CHARACTERS = 256 * 1024;
/** The event loop gets its turn this often. */
const TURN_MS = 10;

/**
 * Writes `report.json` and the page drawn from it, `report.html`; neither may be there before. The page is drawn in a worker thread, and
 * the file written in pieces, so that the event loop stays free. NaN and infinities become null. Errors: `REPORT_INVALID`, naming the key;
 * those of the file system. After an error neither file is there.
 */
export async function writeReport(folder: string, report: Report): Promise<void> {
  const json = join(folder, JSON_FILE);
  const html = join(folder, HTML_FILE);
  await writeNew(json, (file) => writePieces(file, jsonPieces(report)));
  try {
    const page = await renderInWorker(folder);
    await writeNew(html, (file) => file.writeFile(page));
  } catch (error) {
    await rm(json, { force: true });
    throw error;
  }
}

async function writeNew(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await write(file);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function writePieces(file: FileHandle, pieces: Iterable<string>): Promise<void> {
  let chunk = '';
  let since = performance.now();
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length < CHUNK_CHARACTERS && performance.now() - since < TURN_MS) continue;
    await file.appendFile(chunk);
    chunk = '';
    since = performance.now();
  }
  await file.appendFile(chunk);
}
