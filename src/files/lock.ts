/** One writer for a folder: a lock file with the writer's process, which a dead process does not hold. */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from './atomic';
import { describeSystemError, FileError } from './errors';

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in the kernel's ticks; tells it from a later one of the same number. Absent where there is no /proc. */
  readonly started?: string;
}

function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19]; // field 22
  } catch {
    return undefined;
  }
}

function isHeld({ pid, host, started }: Holder): boolean {
  if (host !== hostname()) return true; // can't be known from here
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return started === undefined || startOf(pid) === started;
}

/**
 * Takes the folder's lock, making the folder where it is missing; a dead process's lock is taken over.
 *
 * @returns gives the lock back
 * @throws FileError where another process holds it, naming that, or the folder cannot be written
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'lock');
  const started = startOf(process.pid);
  const ourHolder = JSON.stringify({
    pid: process.pid,
    host: hostname(),
    started,
    token: randomBytes(8).toString('hex'),
  });
  const ourFile = join(folder, `.lock.${process.pid}.${randomBytes(4).toString('hex')}`);
  const read = (from: string): Promise<string | undefined> => readFile(from, 'utf8').catch(() => undefined);
  try {
    await makeFolder(folder);
    await writeFile(ourFile, ourHolder); // whole before it can be seen under the lock's name
    for (let attempt = 0; attempt < 20; attempt++) {
      try {
        await link(ourFile, path);
        return async () => {
          if ((await read(path)) === ourHolder) await rm(path, { force: true });
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const text = await read(path);
      if (text === undefined) continue;
      const holder = parse(text);
      if (holder && isHeld(holder))
        throw new FileError(
          folder,
          `process ${holder.pid} on ${holder.host} is writing here; wait for its end or give another folder` +
            `${holder.host === hostname() ? '' : ` (if it is gone, remove ${path})`}`,
        );
      const stale = `${ourFile}.stale`;
      await rename(path, stale).catch(() => undefined);
      const moved = await read(stale);
      if (moved !== undefined && moved !== text) await link(stale, path).catch(() => undefined); // another one was quicker: it is its
      await rm(stale, { force: true });
    }
    throw new FileError(folder, 'its lock changes hands too fast; try again');
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(path, `cannot be written: ${describeSystemError(error)}`, error);
  } finally {
    await rm(ourFile, { force: true }).catch(() => undefined);
  }
}

function parse(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Holder;
    return Number.isInteger(holder.pid) ? holder : undefined;
  } catch {
    return undefined;
  }
}
