/** JSON files as Python writes them: `Infinity`, `-Infinity` and `NaN` are tokens (DPM-Solver's configs hold them). */

import { writeFileAtomic } from './atomic';
import { checkContent, FileError } from './errors';
import { readText } from './text';

/** Cannot occur in a real string of a config: a lone surrogate never survives a UTF-8 file. */
const mark = '\ud800roentgen:';

/**
 * Reads a JSON file.
 *
 * @throws FileError where it cannot be read or is not JSON
 */
export async function readJson<T = unknown>(path: string): Promise<T> {
  return parseJson<T>(path, await readText(path));
}

/**
 * Reads a JSON file that holds an object, such as a config.
 *
 * @param check throws RangeError or TypeError where its values can't be worked with
 * @returns the object as it was read
 * @throws FileError where it cannot be read, is not a JSON object, or is refused by the check
 */
export async function readObject<T extends object = Record<string, unknown>>(path: string, check?: (object: T) => unknown): Promise<T> {
  return parseObject<T>(path, await readText(path), check);
}

/** As `readObject`, of a text that was read before. @param path names the source in errors */
export function parseObject<T extends object = Record<string, unknown>>(path: string, text: string, check?: (object: T) => unknown): T {
  const value = parseJson<T | null>(path, text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new FileError(path, 'is not a JSON object');
  checkContent(path, () => check?.(value));
  return value;
}

/**
 * Parses JSON in which `Infinity`, `-Infinity` and `NaN` may stand for numbers.
 *
 * @param path names the source in errors
 * @throws FileError where the text is not JSON
 */
export function parseJson<T = unknown>(path: string, text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (strict) {
    const replaced = replaceTokens(text);
    if (replaced !== text) {
      try {
        return JSON.parse(replaced, (_, value) => (value === `${mark}NaN` ? Number.NaN : value)) as T;
      } catch {
        // The first error is the one about the file's own text.
      }
    }
    if (text.trim() === '') throw new FileError(path, 'is not valid JSON: it is empty', strict);
    // Without the piece of the text that V8 quotes: it may be a patient's.
    const reason = (strict as Error).message.replace(/, (?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s, '');
    throw new FileError(path, `is not valid JSON: ${reason}`, strict);
  }
}

/** Writes the tokens that JSON lacks in a form that it has, outside of strings. 1e999 overflows to Infinity. */
function replaceTokens(text: string): string {
  const swap = (part: string): string =>
    part.replace(/\bInfinity\b|\bNaN\b/g, (token) => (token === 'NaN' ? '"\\ud800roentgen:NaN"' : '1e999'));
  let out = '';
  let at = 0;
  for (let quote = text.indexOf('"'); quote >= 0; quote = text.indexOf('"', at)) {
    const end = stringEnd(text, quote);
    out += swap(text.slice(at, quote)) + text.slice(quote, end);
    at = end;
  }
  return out + swap(text.slice(at));
}

/** The index behind the string literal that opens at `quote`; the text's length where it never closes. */
export function stringEnd(text: string, quote: number): number {
  for (let at = quote + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let slashes = 0;
    while (text[at - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
}

/**
 * Writes a JSON file with two spaces of indentation, atomically. Numbers that are not finite are written as Python does.
 *
 * @throws FileError where it cannot be written
 */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, formatJson(value));
}

/** The text that `writeJson` writes: two spaces of indentation, a line feed at the end. */
export function formatJson(value: unknown): string {
  const text = JSON.stringify(value, (_, v) => (typeof v === 'number' && !Number.isFinite(v) ? `${mark}${v}` : v), 2);
  return `${text.replace(/"\\ud800roentgen:(-?Infinity|NaN)"/g, '$1')}\n`;
}
