/** What is asked of many files at once, with calls that do not wait: a promise for each costs more than the call. Runs in threads, so it loads next to nothing. */

import { isUtf8 } from 'node:buffer';
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import type { ImageRecord } from '../dataset';
import { reportRecord } from '../published/report-record';

/** Files that may be there, by their names: for each item the first that is, of `before + item + after`. */
export interface Candidates {
  readonly before: readonly string[];
  readonly items: readonly string[];
  readonly after: readonly string[];
}

/** A file that was found. */
export interface FileFacts {
  readonly path: string;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** The same under all names of one file: its device and number; its path where the file system numbers none. */
  readonly identity: string;
}

/** A part of a file. */
export interface Piece {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** A report that was read; its bytes where they are no plain UTF-8, about which whoever asked knows more. */
export type ReportFile =
  | { readonly report: Pick<ImageRecord, 'text' | 'sections'> | undefined }
  | { readonly path: string; readonly bytes: Uint8Array };

/** What can be asked. A file that is not there, or cannot be read, is undefined. */
export const asks = {
  facts: ({ before, items, after }: Candidates): (FileFacts | undefined)[] => {
    const first = firstOf(before, after, factsOf);
    return items.map(first);
  },
  reports: ({ before, items, after }: Candidates): (ReportFile | undefined)[] => {
    const first = firstOf(before, after, (path) => {
      const bytes = attempt(() => readFileSync(path));
      return bytes && readReport(path, bytes);
    });
    return items.map(first);
  },
  pieces: ({ items }: { readonly items: readonly Piece[] }): (Uint8Array | undefined)[] => items.map((piece) => attempt(() => read(piece))),
};

export type Asked = keyof typeof asks;

/** Tries the combination first that was there the last time: a collection has one form. */
function firstOf<T>(
  before: readonly string[],
  after: readonly string[],
  look: (path: string) => T | undefined,
): (item: string) => T | undefined {
  const forms = before.flatMap((start) => after.map((end) => [start, end] as const));
  return (item) => {
    for (const [i, form] of forms.entries()) {
      const found = look(form[0] + item + form[1]);
      if (found === undefined) continue;
      if (i > 0) forms.unshift(...forms.splice(i, 1));
      return found;
    }
    return undefined;
  };
}

function factsOf(path: string): FileFacts | undefined {
  const stats = attempt(() => statSync(path, { bigint: true, throwIfNoEntry: false }));
  if (!stats?.isFile()) return undefined;
  const { dev, ino, size, mtimeMs } = stats;
  return { path, size: Number(size), modified: Number(mtimeMs), identity: ino > 0n ? `${dev} ${ino}` : path };
}

function readReport(path: string, bytes: Buffer): ReportFile {
  const plain = isUtf8(bytes) && bytes[0] !== 0xef && !bytes.includes(0) && bytes[0] !== 0x3c;
  return plain ? { report: reportRecord(bytes.toString('utf8')) } : { path, bytes };
}

function read({ path, offset, length }: Piece): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
  } finally {
    closeSync(file);
  }
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
