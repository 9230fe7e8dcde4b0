/** SHA-256 of files' whole contents. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { describeSystemError, FileError } from './errors';

/**
 * SHA-256 of a file's bytes, read as a stream.
 *
 * @returns 64 hexadecimal digits
 * @throws FileError where it cannot be read; the signal's reason where it was raised
 */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 2 ** 22 })) {
      signal?.throwIfAborted();
      hash.update(piece as Buffer);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  }
  return hash.digest('hex');
}

/**
 * One hash of several files: SHA-256 of the lines that `sha256sum` prints for them in the order of their names.
 *
 * @param names paths within the folder, with "/"
 */
export async function hashFiles(folder: string, names: readonly string[], signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for (const name of [...names].sort()) hash.update(`${await hashFile(join(folder, name), signal)}  ${name}\n`);
  return hash.digest('hex');
}
