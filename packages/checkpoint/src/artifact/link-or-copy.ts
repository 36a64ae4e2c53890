import { constants } from 'node:fs';
import { copyFile, link, rm } from 'node:fs/promises';

import { isErrno } from '@eigenloom/errors';

/**
 * Gives a file a second name, which costs nothing. Where that cannot be, and file systems say so in many ways, a copy; what is wrong
 * with the place itself, the copy meets too. Never replaces anything. Errors: the system's, EEXIST among them.
 */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (isErrno(error, 'EEXIST')) throw error;
    await copy(from, to);
  }
}

async function copy(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) await rm(to, { force: true });
    throw error;
  }
}
