/** Rendered images on disk: blocks of 8-bit pixels, one folder for each population and version of the renderer. */

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
import { dirname, join } from 'node:path';
import { dataFolder } from './data';

/** A block holds about this many bytes; the cache as a whole at most `LIMIT`, oldest blocks first to go. */
const BLOCK_BYTES = 2 * 2 ** 20;
const LIMIT = 2 * 2 ** 30;

/** Blocks of images of one population. */
export interface ImageCache {
  /** How many images are in a block. */
  blockLength(size: number): number;
  /** The block's pixels, or undefined where it is not there (or was cut short). */
  read(size: number, block: number, pictures: number): Uint8Array | undefined;
  /** Writes a block whole or not at all. A disk that is full or read-only costs only the time to render again. */
  write(size: number, block: number, pixels: Uint8Array): void;
}

const drawn = new Map<string, string>();

/** Changes with the code and data that draw the images, so that no image outlives its renderer. */
function rendererFingerprint(renderer: string, data: string): string {
  const known = drawn.get(renderer);
  if (known) return known;
  const hash = createHash('sha256');
  for (const folder of [dirname(renderer), __dirname, join(__dirname, '..', '..', 'imaging')])
    for (const file of readdirSync(folder).sort()) if (file.endsWith('.js')) hash.update(readFileSync(join(folder, file)));
  hash.update(readFileSync(join(__dirname, '..', '..', 'engine', 'random.js')));
  hash.update(readFileSync(join(dataFolder, data)));
  const fingerprint = hash.digest('hex');
  drawn.set(renderer, fingerprint);
  return fingerprint;
}

/**
 * What a population's images depend on, as one string.
 *
 * @param renderer path of the renderer's module: all code in its folder counts
 * @param data     the file of the package's data that it reads
 */
export function populationFingerprint(renderer: string, data: string, population: unknown): string {
  return createHash('sha256').update(rendererFingerprint(renderer, data)).update(JSON.stringify(population)).digest('hex').slice(0, 20);
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

/** The cache under `root` of the population with this fingerprint. */
export function imageCache(root: string, name: string): ImageCache {
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
