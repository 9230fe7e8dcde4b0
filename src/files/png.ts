/** PNG files with text chunks, in which a synthetic image says what it is and what it was made from. */

import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { writeFileAtomic } from './atomic';
import { describeSystemError, FileError } from './errors';

const SIGNATURE: Buffer = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** An image to write: row-major, channels interleaved, 0 … 255. */
export interface PngImage {
  readonly width: number;
  readonly height: number;
  /** 1 is grey, 3 is red, green, blue. */
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/**
 * Writes a PNG, atomically.
 *
 * @param text keyword → text, stored in the file: `{ prompt, seed, note: 'synthetic, not for diagnosis' }`
 * @throws RangeError where the values do not fill the image or a keyword is not allowed; FileError where it cannot be written
 */
export async function writePng(path: string, image: PngImage, text: Readonly<Record<string, string>> = {}): Promise<void> {
  await writeFileAtomic(path, await encodePng(image, text));
}

/** The bytes that `writePng` writes. Same image and text, same bytes. */
export async function encodePng(image: PngImage, text: Readonly<Record<string, string>> = {}): Promise<Uint8Array> {
  const { width, height, channels, data } = image;
  if (!(width > 0 && height > 0) || data.length !== width * height * channels)
    throw new RangeError(
      `encodePng: ${width}×${height} with ${channels} channels needs ${width * height * channels} values, got ${data.length}`,
    );
  const bytes = await sharp(data, { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png({ compressionLevel: 9, adaptiveFiltering: true })
    .toBuffer();
  const chunks = Object.entries(text).map(([keyword, value]) => textChunk(keyword, value));
  const behindHeader = 8 + 25; // signature, IHDR
  return Buffer.concat([bytes.subarray(0, behindHeader), ...chunks, bytes.subarray(behindHeader)]);
}

/**
 * The texts of a PNG's tEXt and iTXt chunks.
 *
 * @returns keyword → text; the last where a keyword comes twice
 * @throws FileError where it is missing, no PNG, truncated or damaged, or a text is compressed
 */
export async function readPngText(path: string): Promise<Record<string, string>> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  }
  if (!bytes.subarray(0, 8).equals(SIGNATURE)) throw new FileError(path, 'is not a PNG file');
  const texts: [string, string][] = [];
  for (let at = 8; at < bytes.length; ) {
    const length = at + 12 <= bytes.length ? bytes.readUInt32BE(at) : Number.POSITIVE_INFINITY;
    const end = at + 12 + length;
    if (end > bytes.length) throw new FileError(path, `is truncated: a chunk at byte ${at} ends behind the file's ${bytes.length} bytes`);
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32BE(end - 4))
      throw new FileError(path, `is damaged: the checksum of its chunk ${type} at byte ${at} is wrong`);
    if (type === 'tEXt' || type === 'iTXt') texts.push(parseText(path, type, bytes.subarray(at + 8, end - 4)));
    at = end;
  }
  return Object.fromEntries(texts);
}

function parseText(path: string, type: string, body: Buffer): [string, string] {
  const behind = (from: number): number => {
    const zero = body.indexOf(0, from);
    if (zero < 0) throw new FileError(path, `has a damaged ${type} chunk`);
    return zero + 1;
  };
  const text = behind(0);
  const keyword = body.toString('latin1', 0, text - 1);
  if (type === 'tEXt') return [keyword, body.toString('latin1', text)];
  if (body[text] === 1) throw new FileError(path, `has a compressed text, ${keyword}, which is not read here`);
  return [keyword, body.toString('utf8', behind(behind(text + 2)))]; // behind the flag and the method: language, translated keyword
}

/** A tEXt chunk where ASCII is enough, else iTXt: many programs take tEXt's Latin-1 for UTF-8. PNG specification (ISO/IEC 15948) 11.3.4. */
function textChunk(keyword: string, value: string): Buffer {
  if (!/^[\x21-\x7e]([\x20-\x7e]{0,77}[\x21-\x7e])?$/.test(keyword))
    throw new RangeError(`encodePng: text keyword ${JSON.stringify(keyword)}: expected 1 to 79 printable ASCII characters`);
  const clean = value.replaceAll('\0', ' '); // a NUL would end the field
  const ascii = /^[\n\x20-\x7e]*$/.test(clean);
  const body = ascii
    ? Buffer.concat([Buffer.from(`${keyword}\0`, 'latin1'), Buffer.from(clean, 'latin1')])
    : Buffer.concat([Buffer.from(`${keyword}\0\0\0\0\0`, 'latin1'), Buffer.from(clean, 'utf8')]); // not compressed, no language
  const chunk = Buffer.alloc(12 + body.length);
  chunk.writeUInt32BE(body.length, 0);
  chunk.write(ascii ? 'tEXt' : 'iTXt', 4, 'latin1');
  body.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + body.length)), 8 + body.length);
  return chunk;
}

/** Stands in the file of every generated image. */
export const disclaimer = 'synthetic, not for diagnosis';

/**
 * Writes a generated image as an 8-bit PNG, atomically, with text chunks that say what it is.
 *
 * @param image values from 0 to 1, row-major, channels interleaved
 * @param text  keyword → text; by default the disclaimer alone
 * @throws FileError where it cannot be written
 */
export async function writeSynthetic(
  path: string,
  { pixels, ...shape }: Omit<PngImage, 'data'> & { readonly pixels: Float32Array },
  text: Readonly<Record<string, string>> = { Comment: disclaimer },
): Promise<void> {
  const { width, height, channels } = shape;
  await writePng(path, { width, height, channels, data: Uint8Array.from(pixels, (value) => Math.round(255 * value)) }, text);
}
