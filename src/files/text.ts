/** Text files: UTF-8, or UTF-16 that says so. What cannot be decoded is an error, never a replacement character. */

import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { describeSystemError, FileError, systemCode } from './errors';
import { explainContent, failedDownload } from './not-the-file';

/**
 * A file's text without its byte order mark: UTF-8, or UTF-16 where the mark says so.
 *
 * @throws FileError where it cannot be read, is in another encoding (naming the first line that is), is no text, or is what a failed download left
 */
export async function readText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  }
  return textOf(path, bytes);
}

/**
 * The text of bytes that were read before, as `readText` has it.
 *
 * @param path where they come from, for errors
 */
export function textOf(path: string, bytes: Uint8Array): string {
  const text = decode(path, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const instead = failedDownload(text);
  if (instead) throw new FileError(path, instead);
  return text;
}

const SAVE = 'save it as UTF-8 ("CSV UTF-8" in a spreadsheet) and try again';

function decode(path: string, bytes: Buffer): string {
  const mark = bytes.toString('hex', 0, 4);
  if (mark === 'fffe0000' || mark === '0000feff') throw new FileError(path, `is UTF-32, which is not read; ${SAVE}`);
  const wide = mark.startsWith('fffe') ? 'utf-16le' : mark.startsWith('feff') ? 'utf-16be' : undefined;
  let text: string;
  try {
    text = new TextDecoder(wide ?? 'utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (systemCode(error) !== 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
    const why = wide
      ? `begins as UTF-16, but is not valid: it is damaged or truncated. Copy it again, or ${SAVE}`
      : (explainContent(bytes) ?? whyNotUtf8(bytes));
    throw new FileError(path, why, error);
  }
  const nul = text.indexOf('\0');
  if (nul < 0) return text;
  const line = text.slice(0, nul).split('\n').length;
  throw new FileError(path, explainContent(bytes) ?? `line ${line} has NUL characters: it is UTF-16 without a mark, or no text; ${SAVE}`);
}

/** Where the bytes stop being UTF-8, and what they may be. Line feeds are never part of another character in UTF-8. */
function whyNotUtf8(bytes: Buffer): string {
  let line = 1;
  let from = 0;
  for (let to = bytes.indexOf(10); to >= 0 && isUtf8(bytes.subarray(from, to)); to = bytes.indexOf(10, from)) {
    from = to + 1;
    line++;
  }
  const end = bytes.indexOf(10, from);
  const bad = bytes.subarray(from, end < 0 ? bytes.length : end);
  const cut = end < 0 && [1, 2, 3].some((n) => isUtf8(bad.subarray(0, -n)) && bad.at(-n)! >= 0xc0);
  if (cut) return `line ${line} ends within a character: it is truncated (copy it again), or not UTF-8 but such as Windows-1252; ${SAVE}`;
  const controls = bytes.filter((byte) => byte < 9 || (byte > 13 && byte < 32)).length;
  if (controls > bytes.length / 50) return `line ${line} is neither UTF-8 nor other text: it holds binary data`;
  // The five bytes that Windows-1252 leaves free.
  const western = !bytes.some((byte) => [0x81, 0x8d, 0x8f, 0x90, 0x9d].includes(byte));
  return `line ${line} is not UTF-8${western ? ' (Windows-1252?)' : ''}; ${SAVE}`;
}
