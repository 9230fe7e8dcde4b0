/** Writing a file so that a reader sees the old content or the new, never a part, whatever happens in between. */

import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describeSystemError, FileError } from './errors';

let counter = 0;

/**
 * Writes `bytes` to a temporary file in the same folder, syncs it, renames it over `path` and syncs the folder. The
 * folder is made where it is missing. On any error the temporary file is removed and the old content stays.
 *
 * @param bytes all at once, or pieces as they are made (nothing is collected)
 * @throws FileError naming the path and the number of bytes: disk full, read-only, no permission
 */
export async function writeFileAtomic(
  path: string,
  bytes: string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const folder = dirname(path);
  const pieces = typeof bytes === 'string' ? [Buffer.from(bytes, 'utf8')] : bytes instanceof Uint8Array ? [bytes] : bytes;
  const temporary = join(folder, `${temporaryPrefix(path)}${process.pid}-${counter++}.tmp`);
  let written = 0;
  let asked = 0;
  let handle: Awaited<ReturnType<typeof open>> | undefined;
  try {
    await makeFolder(folder);
    await removeAbandoned(folder, temporaryPrefix(path));
    handle = await open(temporary, 'wx');
    for await (const piece of pieces) {
      asked += piece.byteLength;
      for (let at = 0; at < piece.byteLength; ) {
        // A write may be partial (a nearly full disk); what remains then fails with the real reason.
        const { bytesWritten } = await handle.write(piece, at, Math.min(piece.byteLength - at, 2 ** 30));
        at += bytesWritten;
        written += bytesWritten;
      }
    }
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(temporary, path);
  } catch (error) {
    await handle?.close().catch(() => undefined);
    await rm(temporary, { force: true }).catch(() => undefined);
    if (error instanceof FileError) throw error;
    throw new FileError(path, `cannot be written (${asked} bytes, failed after ${written}): ${describeSystemError(error)}`, error);
  }
  await syncFolder(folder);
}

/** Makes a folder with those above it; where that fails, the error is the one of the first folder that can't be made. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    // Node says ENOENT of several missing folders on a read-only file system.
    let first = folder;
    while (!existsSync(dirname(first))) first = dirname(first);
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') await mkdir(first);
    throw error;
  }
}

function temporaryPrefix(path: string): string {
  return `.${basename(path)}.${hostname()}.`;
}

/** Removes what a killed process of this machine left of an earlier write of the same file. */
async function removeAbandoned(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix) || !name.endsWith('.tmp')) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (pid > 0 && pid !== process.pid && !isAlive(pid)) await rm(join(folder, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Makes the rename durable; file systems that cannot sync a folder do without. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Windows and some network file systems refuse; the content itself is already synced.
  }
}
