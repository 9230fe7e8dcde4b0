// Stamps: a stage is done where its stamp holds the fingerprint of all that went into it.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A short hash of values and of files' contents. */
export function fingerprint({ values = [], files = [] }) {
  const hash = createHash('sha256').update(JSON.stringify(values));
  for (const file of files) hash.update(`\0${file}\0`).update(existsSync(file) ? readFileSync(file) : 'missing');
  return hash.digest('hex').slice(0, 16);
}

/** The files below a folder whose names pass, sorted; hidden ones and node_modules left out. */
export function filesBelow(folder, accept) {
  if (!existsSync(folder)) return [];
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...filesBelow(path, accept));
    else if (accept(entry.name)) found.push(path);
  }
  return found.sort();
}

/** A stamp file's content; an empty object where it is missing or torn. */
export function readStamp(path) {
  try {
    const content = JSON.parse(readFileSync(path, 'utf8'));
    return typeof content === 'object' && content !== null ? content : {};
  } catch {
    return {};
  }
}

/** Changes some keys of a stamp file; undefined removes a key. Written beside and renamed, so it is never half there. */
export function writeStamp(path, changes) {
  writeWhole(path, `${JSON.stringify({ ...readStamp(path), ...changes }, null, 2)}\n`);
}

/** Writes a file so that a reader sees all of it or the old one. */
export function writeWhole(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}
