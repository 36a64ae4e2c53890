import { cp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { about, alreadyExists, isErrno } from '@eigenloom/errors';

import { exists } from '../exists.js';
import { makeFolder } from '../make-folder.js';
import { syncFolder, syncPath } from './sync-folder.js';

/**
 * Gives a finished and synced folder its place by one rename, and makes the rename durable. A place on another file system gets a copy
 * first, beside it. `field` is the request's field of the target. Errors: `OUTPUT_EXISTS`, the system's with the field.
 */
export async function publish(staging: string, target: string, field: string): Promise<void> {
  try {
    await giveItsPlace(staging, target, field);
  } catch (error) {
    throw about(field, error);
  }
}

async function giveItsPlace(staging: string, target: string, field: string): Promise<void> {
  await makeFolder(dirname(target));
  await refuseExisting(target, field);
  try {
    await rename(staging, target);
  } catch (error) {
    if (isErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) throw outputExists(field);
    if (!isErrno(error, 'EXDEV')) throw error;
    await publishAcross(staging, target, field);
  }
  await syncPath(dirname(target));
}

async function publishAcross(staging: string, target: string, field: string): Promise<void> {
  const copy = join(dirname(target), `.${basename(target)}.${basename(staging)}.partial`);
  try {
    await rm(copy, { recursive: true, force: true });
    await cp(staging, copy, { recursive: true, errorOnExist: true, force: false });
    await syncFolder(copy);
    await refuseExisting(target, field);
    await rename(copy, target);
  } catch (error) {
    await rm(copy, { recursive: true, force: true });
    throw error;
  }
  await rm(staging, { recursive: true, force: true });
}

async function refuseExisting(target: string, field: string): Promise<void> {
  if (await exists(target)) throw outputExists(field);
}

export const outputExists = (field: string): Error =>
  alreadyExists('OUTPUT_EXISTS', `${field}: already exists and is not overwritten`, { details: { field } });
