/** Rendered pictures on disk: blocks of 8-bit pixels, one folder for each population and version of the renderer. */

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Population } from './course';
import { dataFolder } from './settings';

/** A block holds about this many bytes; the cache as a whole at most `LIMIT`, oldest blocks first to go. */
const BLOCK_BYTES = 2 * 2 ** 20;
const LIMIT = 2 * 2 ** 30;

/** Blocks of pictures of one population. */
export interface PictureCache {
  /** How many pictures are in a block. */
  blockLength(size: number): number;
  /** The block's pixels, or undefined where it is not there (or was cut short). */
  read(size: number, block: number, pictures: number): Uint8Array | undefined;
  /** Writes a block whole or not at all. A disk that is full or read-only costs only the time to render again. */
  write(size: number, block: number, pixels: Uint8Array): void;
}

let fingerprint: string | undefined;

/** Changes with the code and data that draw the pictures, so that no picture outlives its renderer. */
function rendererFingerprint(): string {
  if (fingerprint) return fingerprint;
  const hash = createHash('sha256');
  for (const folder of [__dirname, join(__dirname, '..', '..', 'imaging')])
    for (const file of readdirSync(folder).sort()) if (file.endsWith('.js')) hash.update(readFileSync(join(folder, file)));
  hash.update(readFileSync(join(__dirname, '..', '..', 'engine', 'random.js')));
  hash.update(readFileSync(join(dataFolder, 'phantom.json')));
  fingerprint = hash.digest('hex');
  return fingerprint;
}

/** Removes the blocks that were used longest ago until the rest fits. */
function prune(root: string): void {
  const files: { path: string; bytes: number; used: number }[] = [];
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { size, mtimeMs } = statSync(path);
    files.push({ path, bytes: size, used: mtimeMs });
  }
  let total = files.reduce((sum, f) => sum + f.bytes, 0);
  for (const file of files.sort((a, b) => a.used - b.used)) {
    if (total <= LIMIT) break;
    rmSync(file.path, { force: true });
    total -= file.bytes;
  }
}

/** The cache of a population under `root`. */
export function pictureCache(root: string, population: Population): PictureCache {
  const name = createHash('sha256').update(rendererFingerprint()).update(JSON.stringify(population)).digest('hex').slice(0, 20);
  const path = (size: number, block: number): string => join(root, name, String(size), `${String(block).padStart(6, '0')}.bin`);
  return {
    blockLength: (size) => Math.max(1, Math.floor(BLOCK_BYTES / (size * size))),
    read: (size, block, pictures) => {
      const file = path(size, block);
      if (!existsSync(file)) return undefined;
      try {
        const bytes = readFileSync(file);
        if (bytes.length < pictures * size * size) return undefined;
        utimesSync(file, new Date(), new Date());
        return bytes;
      } catch {
        return undefined; // removed by another process meanwhile
      }
    },
    write: (size, block, pixels) => {
      const file = path(size, block);
      const temporary = `${file}.${process.pid}.tmp`;
      try {
        mkdirSync(join(root, name, String(size)), { recursive: true });
        writeFileSync(temporary, pixels);
        renameSync(temporary, file);
        prune(root);
      } catch {
        try {
          unlinkSync(temporary);
        } catch {
          // it was not written
        }
      }
    },
  };
}
