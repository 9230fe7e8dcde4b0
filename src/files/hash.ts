/** A file's size and SHA-256, read piece by piece. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { describeSystemError, FileError } from './errors';

/** @throws FileError where it cannot be read */
export async function hashFile(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) {
      hash.update(piece as Buffer);
      bytes += (piece as Buffer).length;
    }
  } catch (error) {
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  }
  return { bytes, sha256: hash.digest('hex') };
}
