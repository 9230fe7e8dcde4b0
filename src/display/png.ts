import { crc32, deflateSync } from 'node:zlib';

/** Rows of 8-bit samples, interleaved: 1 channel is grey, 3 are red, green and blue, 4 have alpha as well. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array;
}

const signature: Uint8Array = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const colourTypes: Readonly<Record<number, number>> = { 1: 0, 3: 2, 4: 6 };

/**
 * A PNG file (ISO/IEC 15948) of 8-bit samples, made at once: a cell's last expression must become a bundle without waiting,
 * which the encoder of `roentgen-lab/files` cannot promise.
 *
 * @param text  Latin-1 key and value pairs, kept as tEXt chunks
 * @throws RangeError where the samples do not fill width x height
 */
export function encodePngSync(image: Raster, text: Readonly<Record<string, string>> = {}): Buffer {
  const { width, height, channels, data } = image;
  const stride = width * channels;
  if (!(width > 0 && height > 0) || data.length !== stride * height) {
    throw new RangeError(`encodePngSync: expected ${width} x ${height} x ${channels} samples, got ${data.length}`);
  }
  const rows = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y++) filterRow(rows, y, data, stride, channels);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = colourTypes[channels]!;
  const notes = Object.entries(text).map(([key, value]) => chunk('tEXt', Buffer.from(`${key}\0${value}`, 'latin1')));
  return Buffer.concat([signature, chunk('IHDR', header), ...notes, chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

/** One row with the filter Up: enlarged pictures repeat rows, which then compress to almost nothing. */
function filterRow(rows: Buffer, y: number, data: Uint8Array, stride: number, channels: number): void {
  const out = y * (stride + 1);
  const at = y * stride;
  if (y === 0) {
    rows[out] = 1; // Sub: the first row has no row above
    for (let i = 0; i < stride; i++) rows[out + 1 + i] = data[i]! - (i >= channels ? data[i - channels]! : 0);
    return;
  }
  rows[out] = 2;
  for (let i = 0; i < stride; i++) rows[out + 1 + i] = data[at + i]! - data[at - stride + i]!;
}

function chunk(type: string, body: Uint8Array): Buffer {
  const out = Buffer.alloc(body.length + 12);
  out.writeUInt32BE(body.length, 0);
  out.write(type, 4, 'latin1');
  out.set(body, 8);
  out.writeUInt32BE(crc32(out.subarray(4, body.length + 8)), body.length + 8);
  return out;
}

/** Red, green and blue as grey where all three agree everywhere; else the picture as it came. */
export function greyIfPossible(image: Raster): Raster {
  if (image.channels === 1) return image;
  const { channels, data } = image;
  const grey = new Uint8Array(image.width * image.height);
  for (let i = 0, at = 0; i < grey.length; i++, at += channels) {
    if (data[at] !== data[at + 1] || data[at] !== data[at + 2] || (channels === 4 && data[at + 3] !== 255)) return image;
    grey[i] = data[at]!;
  }
  return { width: image.width, height: image.height, channels: 1, data: grey };
}
