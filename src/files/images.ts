/** Pictures from files, as their decoded values: no rotation by EXIF, no colour management, no scaling. */

import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describeSystemError, FileError } from './errors';

/** A decoded picture. `data` is row-major, channels interleaved; 0 is black. */
export interface Image {
  readonly width: number;
  readonly height: number;
  /** 1 is grey, 3 is red, green, blue. Alpha is dropped, palettes are resolved. */
  readonly channels: 1 | 3;
  /** 0 … 255, or 0 … 65535 where the file has 16 bits a value. */
  readonly data: Uint8Array | Uint16Array;
}

const formats = ['jpeg', 'png', 'webp', 'tiff', 'gif'];

/**
 * Decodes a JPEG, PNG, WebP, TIFF or GIF (of several pages the first).
 *
 * @throws FileError where it is missing, truncated or not such an image
 */
export async function readImage(path: string): Promise<Image> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path); // not by sharp, whose cache would give an old picture for a rewritten file
  } catch (error) {
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  }
  if (bytes.length === 0) throw new FileError(path, 'is empty, not an image');
  try {
    return await decode(path, bytes);
  } catch (error) {
    if (error instanceof FileError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const what = /unsupported image format/.test(reason) ? 'is not an image' : 'is a truncated or damaged image';
    throw new FileError(path, `${what} (${reason.trim()}; ${bytes.length} bytes)`, error);
  }
}

async function decode(path: string, bytes: Buffer): Promise<Image> {
  const picture = sharp(bytes, { failOn: 'error', ignoreIcc: true });
  const { format, space, depth } = await picture.metadata();
  if (!formats.includes(format ?? '')) throw new FileError(path, `is a ${format}, expected one of ${formats.join(', ')}`);
  if (depth !== 'uchar' && depth !== 'ushort') throw new FileError(path, `has values of type ${depth}, expected 8 or 16 bits`);
  const grey = space === 'b-w' || space === 'grey16';
  const wide = depth === 'ushort';
  const target = grey ? (wide ? 'grey16' : 'b-w') : wide ? 'rgb16' : 'srgb';
  const { data, info } = await picture.removeAlpha().toColourspace(target).raw({ depth }).toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels !== 1 && channels !== 3) throw new FileError(path, `has ${channels} channels, expected grey or RGB`);
  const values = wide ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : new Uint8Array(data);
  return { width, height, channels, data: values };
}
