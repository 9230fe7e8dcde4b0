/** What tests of folders share: invented pictures and files, and errors by their words. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Dataset, ImageRecord } from 'roentgen-lab/datasets';
import { key, uniformArray } from 'roentgen-lab/engine';
import { FileError, writePng } from 'roentgen-lab/files';

let drawn = 0;

/** Noise of 8 × 8, different at each call. */
export async function picture(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const data = Uint8Array.from(uniformArray(key(drawn++), 64), (value) => Math.floor(256 * value));
  await writePng(path, { width: 8, height: 8, channels: 1, data });
}

export function write(path: string, text: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

export const records = (dataset: Dataset): ImageRecord[] => Array.from({ length: dataset.length }, (_, i) => dataset.record(i));
/** For `assert.rejects`: a FileError that says so. */
export const refused =
  (message: RegExp): ((error: Error) => true) =>
  (error: Error) => {
    assert.ok(error instanceof FileError, String(error));
    assert.match(error.message, message);
    return true;
  };
