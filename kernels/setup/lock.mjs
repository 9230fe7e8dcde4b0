// One set-up at a time in a clone: a second one waits for the first. The holder touches the lock file, so a dead holder is noticed whatever ended it.

import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const beat = 2000; // milliseconds between touches
const dead = 20_000; // a lock that was not touched for so long has no holder

/**
 * Takes the lock, waiting where another process holds it.
 *
 * @param onWait called once with the holder's process id
 * @returns a function that gives it back
 */
export async function takeLock(path, onWait) {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  for (;;) {
    const release = tryLock(path);
    if (release) return release;
    if (isAbandoned(path)) {
      rmSync(path, { force: true });
      continue;
    }
    if (!told) onWait(holder(path));
    told = true;
    await sleep(200);
  }
}

function tryLock(path) {
  let file;
  try {
    file = openSync(path, 'wx');
  } catch (error) {
    if (error.code === 'EEXIST') return undefined;
    throw error;
  }
  writeSync(file, String(process.pid));
  closeSync(file);
  const timer = setInterval(() => touch(path), beat);
  timer.unref();
  return () => {
    clearInterval(timer);
    rmSync(path, { force: true });
  };
}

function touch(path) {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // Somebody removed it; there is nothing left to keep.
  }
}

function holder(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isAbandoned(path) {
  try {
    if (Date.now() - statSync(path).mtimeMs > dead) return true;
    const pid = Number(holder(path));
    if (!pid) return false; // just being written
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}
