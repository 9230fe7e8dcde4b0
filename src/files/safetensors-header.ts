/**
 * The header of a safetensors file: 8 bytes of length (little-endian), that many bytes of JSON, then the tensors without
 * holes. Rules as in the format's description, https://github.com/huggingface/safetensors#format.
 */

import { dtypeBytes } from './dtypes';
import { FileError } from './errors';
import { stringEnd } from './json';
import { explainContent, looksLikePyTorch } from './not-the-file';

/** Where one tensor lies. `begin` and `end` count bytes from the start of the file's data part. */
export interface TensorInfo {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The format's own limit, so that a damaged length never asks for the whole memory. */
export const maxHeaderBytes = 100_000_000;

/**
 * Reads the length of the header and checks it. Whatever the first bytes are, a length that the file can have is taken for one.
 *
 * @param begin the file's first bytes, `headBytes` of them or, where it is shorter, all
 * @throws FileError where the file cannot be a safetensors file
 */
export function headerLength(path: string, begin: Uint8Array, fileBytes: number): number {
  const fail = (why: string): FileError => new FileError(path, whatElse(begin) ?? why);
  if (begin.byteLength < 8) throw fail(`is not a safetensors file: it has ${fileBytes} bytes, fewer than its first field`);
  const length = Number(new DataView(begin.buffer, begin.byteOffset).getBigUint64(0, true));
  if (length > maxHeaderBytes) throw fail(`is not a safetensors file: its header would be ${length} bytes, the limit is ${maxHeaderBytes}`);
  if (length < 2) throw fail(`is not a safetensors file: its header would be ${length} bytes`);
  if (8 + length > fileBytes) throw fail(`is truncated: its header ends at byte ${8 + length}, the file at ${fileBytes}. Copy it again.`);
  return length;
}

/** What the file may be that has no such header; undefined where it begins as one nevertheless, or nothing is recognised. */
function whatElse(begin: Uint8Array): string | undefined {
  if (begin[8] === 0x7b) return undefined; // "{": a damaged header rather than another format
  if (looksLikePyTorch(begin)) return `is not a safetensors file but looks like a PyTorch pickle or zip archive. ${howToConvert}`;
  const words = explainContent(begin);
  return words && `is not a safetensors file: it ${words}`;
}

/** What to do with a pickle. */
export const howToConvert: string =
  'Pickles can run code and are never opened; convert it once in Python: ' +
  '`from safetensors.torch import save_file; import torch; ' +
  "tensors = torch.load('FILE', weights_only=True); " +
  "save_file({k: v.contiguous() for k, v in tensors.items()}, 'FILE.safetensors', metadata={'format': 'pt'})` " +
  "(a training checkpoint may hold the tensors under ['state_dict']), " +
  'or save the model again with `save_pretrained(..., safe_serialization=True)`.';

/**
 * Parses and checks a header: names unique, formats known, sizes consistent, tensors within the file, without overlaps
 * and without holes.
 *
 * @param begin     the file's first bytes, as for `headerLength`
 * @param bytes     the header's
 * @param dataBytes bytes of the file behind the header
 * @throws FileError saying which tensor breaks which rule
 */
export function parseHeader(path: string, begin: Uint8Array, bytes: Uint8Array, dataBytes: number): SafetensorsHeader {
  let text: string;
  let root: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!text.startsWith('{')) throw new Error('it does not start with "{"');
    root = JSON.parse(text);
  } catch (error) {
    const why = whatElse(begin) ?? `is not a safetensors file: its header is not JSON (${(error as Error).message})`;
    throw new FileError(path, why, error);
  }
  const repeated = repeatedKey(text);
  if (repeated !== undefined) throw new FileError(path, `its header has the key ${JSON.stringify(repeated)} twice`);

  const tensors = new Map<string, TensorInfo>();
  let metadata: Record<string, string> = {};
  for (const [name, entry] of Object.entries(root as Record<string, unknown>)) {
    if (name === '__metadata__') metadata = checkMetadata(path, entry);
    else tensors.set(name, checkEntry(path, name, entry, dataBytes));
  }
  checkCoverage(path, tensors, dataBytes);
  return { tensors, metadata };
}

function checkMetadata(path: string, entry: unknown): Record<string, string> {
  if (!isPlainObject(entry) || Object.values(entry).some((value) => typeof value !== 'string'))
    throw new FileError(path, 'its header has a __metadata__ that is not a map of strings');
  return entry as Record<string, string>;
}

function checkEntry(path: string, name: string, entry: unknown, dataBytes: number): TensorInfo {
  const wrong = (what: string): FileError => new FileError(path, `tensor ${JSON.stringify(name)}: ${what}`);
  // A dotted name becomes nested objects; this part would reach into every object of the process.
  if (name.split('.').includes('__proto__')) throw wrong('this name is not allowed');
  if (!isPlainObject(entry)) throw wrong('its header entry is not an object');
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string') throw wrong('its header entry has no dtype');
  const elementBytes = Object.hasOwn(dtypeBytes, dtype) ? dtypeBytes[dtype]! : undefined;
  if (elementBytes === undefined)
    throw wrong(`dtype ${JSON.stringify(dtype.slice(0, 40))} is not known; expected one of ${Object.keys(dtypeBytes).join(', ')}`);
  if (!isSizes(shape)) throw wrong('its shape is not a list of non-negative integers');
  if (!isSizes(offsets) || offsets.length !== 2) throw wrong('its data_offsets are not two non-negative integers');
  const [begin, end] = offsets as [number, number];
  const size = shape.reduce((product, n) => product * n, elementBytes);
  if (end < begin || end - begin !== size)
    throw wrong(`${dtype} [${shape.join(', ')}] takes ${size} bytes, but its data_offsets are ${begin} to ${end}`);
  if (end > dataBytes) throw wrong(`ends at data byte ${end}, but the file has ${dataBytes}: it is truncated or damaged. Copy it again.`);
  return { dtype, shape, begin, end };
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function checkCoverage(path: string, tensors: ReadonlyMap<string, TensorInfo>, dataBytes: number): void {
  const ordered = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  let previous = 'the header';
  for (const [name, { begin, end }] of ordered) {
    if (begin !== at) {
      const what = begin < at ? 'overlaps with' : 'leaves a hole behind';
      throw new FileError(path, `tensor ${JSON.stringify(name)}: ${what} ${previous} (starts at data byte ${begin}, expected ${at})`);
    }
    at = end;
    previous = JSON.stringify(name);
  }
  if (at !== dataBytes) throw new FileError(path, `has ${dataBytes - at} bytes behind its last tensor that belong to none`);
}

/** The first key that an object in this (valid) JSON text has twice; JSON.parse would silently keep the last. */
function repeatedKey(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = []; // undefined for an array
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = stringEnd(text, at);
      let next = end;
      while (' \t\r\n'.includes(text[next]!)) next++;
      if (text[next] === ':') {
        const name = JSON.parse(text.slice(at, end)) as string;
        if (open.at(-1)!.has(name)) return name;
        open.at(-1)!.add(name);
      }
      at = end - 1;
    }
  }
  return undefined;
}
