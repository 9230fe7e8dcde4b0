/** A DICOM file's pixels as they are stored: native, or decoded (PS3.5, section 8 and annex A). */

import { FileError } from '../errors';
import { decodeJpeg, decodeJpeg2000, decodeJpegLossless, decodeJpegLs } from './codecs';
import type { DicomHeader } from './header';
import type { JpegFrame } from './jpeg-lossless';
import type { DicomFile } from './parse';
import { decodeRle } from './rle';
import { DECOMPRESS } from './syntax';

/** Values as the file means them: of its sign and of 8 or 16 bits. */
export type StoredValues = Uint8Array | Int8Array | Uint16Array | Int16Array;

const PIXELS = 'x7fe00010';

/** The decoders of compressed frames, but for RLE, which needs the header. */
const decoders: Readonly<Record<string, (coded: Uint8Array) => JpegFrame | Promise<JpegFrame>>> = {
  jpeg: decodeJpeg,
  'jpeg-lossless': decodeJpegLossless,
  'jpeg-ls': decodeJpegLs,
  'jpeg-2000': decodeJpeg2000,
};

const NAMES: Readonly<Record<string, string>> = {
  rle: 'RLE',
  jpeg: 'JPEG',
  'jpeg-lossless': 'lossless JPEG',
  'jpeg-ls': 'JPEG-LS',
  'jpeg-2000': 'JPEG 2000',
};

/**
 * The values of one frame.
 *
 * @param frame from 0
 * @returns [rows * columns], of a colour interleaved red, green, blue, [rows * columns * 3]
 * @throws FileError where pixels are missing, truncated, damaged, or of another size than the header says
 */
export async function readStored(file: DicomFile, header: DicomHeader, frame: number = 0): Promise<StoredValues> {
  const { path, syntax, elements } = file;
  const { samples, photometric } = header;
  const element = elements.elements[PIXELS];
  if (!element) throw new FileError(path, whyNoPixels(file));
  const encapsulated = element.fragments !== undefined;
  if (encapsulated === (syntax.coding === 'native'))
    throw new FileError(
      path,
      `has ${encapsulated ? 'compressed pixels, but says that they are not' : 'pixels that are not compressed, but says that they are'}; it is damaged`,
    );
  const patterns = encapsulated ? await decoded(file, header, frame) : native(file, header, frame);
  if (samples === 3) return colours(patterns as Uint8Array, photometric, syntax.coding);
  return signed(patterns, header);
}

function whyNoPixels({ elements }: DicomFile): string {
  if (elements.elements.x04000500)
    return 'has no pixels: its attributes are encrypted (0400,0500). Decrypt it first, with the key of whoever sent it';
  if (elements.elements.x7fe00008 || elements.elements.x7fe00009)
    return 'has pixels of floating-point numbers, which are not read; convert them to 16 bits with a rescale slope';
  return 'has no pixels (7FE0,0010): it is a report, a plan or a header alone, or truncated';
}

/** The frame's bit patterns as they lie in the file; colours interleaved. */
function native({ path, syntax, elements }: DicomFile, header: DicomHeader, frame: number): Uint8Array | Uint16Array {
  const { rows, columns, frames, samples, planar, bitsAllocated, photometric } = header;
  if (photometric === 'YBR_FULL_422' || photometric === 'YBR_RCT' || photometric === 'YBR_ICT')
    throw new FileError(path, `has colours as ${photometric} that are not compressed; save it as RGB`);
  const { dataOffset, length } = elements.elements[PIXELS]!;
  const count = rows * columns * samples;
  const bytes = bitsAllocated / 8;
  const there = Math.min(length, elements.byteArray.length - dataOffset);
  if (there < count * frames * bytes)
    throw new FileError(path, `is truncated: its pixels end after ${there} of ${count * frames * bytes} bytes; copy it again`);
  const at = dataOffset + frame * count * bytes;
  if (bytes === 1) {
    const values = elements.byteArray.slice(at, at + count);
    return planar ? interleaved(values) : values;
  }
  const view = new DataView(elements.byteArray.buffer, elements.byteArray.byteOffset + at, 2 * count);
  const out = new Uint16Array(count);
  for (let i = 0; i < count; i++) out[i] = view.getUint16(2 * i, !syntax.bigEndian);
  return out;
}

function interleaved(planes: Uint8Array): Uint8Array {
  const n = planes.length / 3;
  return Uint8Array.from({ length: planes.length }, (_, i) => planes[(i % 3) * n + Math.floor(i / 3)]!);
}

async function decoded(file: DicomFile, header: DicomHeader, frame: number): Promise<Uint8Array | Uint16Array> {
  const { path, syntax } = file;
  const { rows, columns, samples, bitsAllocated } = header;
  const name = NAMES[syntax.coding]!;
  const coded = codedFrame(file, header, frame);
  try {
    if (syntax.coding === 'rle') {
      const bytes = decodeRle(coded, rows * columns, samples, bitsAllocated / 8);
      if (bitsAllocated === 8) return bytes;
      const view = new DataView(bytes.buffer);
      return Uint16Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true));
    }
    checkAnnounced(file, header, coded);
    const { width, height, components, bits, data } = await decoders[syntax.coding]!(coded);
    if (width !== columns || height !== rows || components !== samples || bits > bitsAllocated)
      throw new RangeError(
        `${width} × ${height} pixels of ${components} values of ${bits} bits, where the file announces ${columns} × ${rows} of ${samples} of ${bitsAllocated}`,
      );
    return bitsAllocated === 8 ? Uint8Array.from(data) : data;
  } catch (error) {
    if (error instanceof FileError) throw error;
    const reason = (error instanceof Error ? error.message : String(error)).trim();
    throw new FileError(path, `has a truncated or damaged image in ${name} (${reason}); copy it again`, error);
  }
}

/**
 * Looks into a JPEG stream before it is decoded: its own size decides how much memory that takes.
 *
 * @throws FileError where it is another one than the file's, or has 12 bits, which are not decoded here
 */
function checkAnnounced({ path, syntax }: DicomFile, { rows, columns }: DicomHeader, coded: Uint8Array): void {
  const size = syntax.coding === 'jpeg-2000' ? jpeg2000Size(coded) : jpegSize(coded);
  if (!size) return; // the decoder says what is wrong
  if (syntax.coding === 'jpeg' && size.bits !== 8)
    throw new FileError(path, `is compressed as JPEG of ${size.bits} bits, which is not read: ${DECOMPRESS}`);
  if (size.width !== columns || size.height !== rows)
    throw new FileError(
      path,
      `is announced as ${columns} × ${rows} pixels, its compressed image as ${size.width} × ${size.height}; it is damaged`,
    );
}

interface AnnouncedSize {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
}

/** By the frame header of JPEG (SOF) and JPEG-LS (F7). */
function jpegSize(coded: Uint8Array): AnnouncedSize | undefined {
  const view = new DataView(coded.buffer, coded.byteOffset, coded.byteLength);
  for (let at = 2; at + 9 <= coded.length && coded[at] === 0xff; at += 2 + view.getUint16(at + 2)) {
    while (coded[at + 1] === 0xff && at + 10 <= coded.length) at++;
    const marker = coded[at + 1]!;
    if (marker === 0xf7 || (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)))
      return { bits: coded[at + 4]!, height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
  }
  return undefined;
}

/** By the SIZ marker segment, the first of a code stream. */
function jpeg2000Size(coded: Uint8Array): AnnouncedSize | undefined {
  const start = Buffer.from(coded.buffer, coded.byteOffset, Math.min(coded.length, 4096)).indexOf(Buffer.from('ff4fff51', 'hex'));
  if (start < 0 || start + 43 > coded.length) return undefined;
  const view = new DataView(coded.buffer, coded.byteOffset + start, 43);
  return {
    width: view.getUint32(8) - view.getUint32(16),
    height: view.getUint32(12) - view.getUint32(20),
    bits: (view.getUint8(42) & 127) + 1,
  };
}

/** The fragments of a frame, joined (A.4): all of a single frame, else one each, or as many as the table of offsets says. */
function codedFrame({ path, elements }: DicomFile, { frames }: DicomHeader, frame: number): Uint8Array {
  const element = elements.elements[PIXELS]!;
  const fragments = element.fragments ?? [];
  const offsets = element.basicOffsetTable ?? [];
  if (fragments.length < frames)
    throw new FileError(
      path,
      `is truncated: it has ${fragments.length} compressed pieces for ${frames} frame${frames === 1 ? '' : 's'}; copy it again`,
    );
  if (frames > 1 && fragments.length !== frames && offsets.length !== frames)
    throw new FileError(
      path,
      `has ${fragments.length} compressed pieces for ${frames} frames, and no table that says which belong together: ${DECOMPRESS}`,
    );
  const ofFrame = (): typeof fragments => {
    if (frames === 1) return fragments;
    if (fragments.length === frames) return [fragments[frame]!];
    const [from, to] = [offsets[frame]!, offsets[frame + 1] ?? Number.POSITIVE_INFINITY];
    return fragments.filter(({ offset }) => offset >= from && offset < to);
  };
  const pieces = ofFrame().map(({ position, length }) => elements.byteArray.subarray(position, position + length));
  return pieces.length === 1 ? pieces[0]! : new Uint8Array(Buffer.concat(pieces));
}

/** Bit patterns as numbers: bits above those stored are no part of them, the highest of these is the sign. */
function signed(patterns: Uint8Array | Uint16Array, { bitsAllocated, bitsStored, signed }: DicomHeader): StoredValues {
  if (!signed) {
    if (bitsStored === bitsAllocated) return patterns;
    const mask = 2 ** bitsStored - 1;
    for (let i = 0; i < patterns.length; i++) patterns[i]! &= mask;
    return patterns;
  }
  const out = bitsAllocated === 8 ? new Int8Array(patterns.length) : new Int16Array(patterns.length);
  const up = 32 - bitsStored;
  for (let i = 0; i < out.length; i++) out[i] = (patterns[i]! << up) >> up;
  return out;
}

/** Red, green, blue; of JPEG and JPEG 2000 they come so from the decoder. */
function colours(values: Uint8Array, photometric: string, coding: string): Uint8Array {
  if (photometric !== 'YBR_FULL' || coding === 'jpeg' || coding === 'jpeg-2000') return values;
  const out = new Uint8Array(values.length);
  const level = (x: number): number => Math.min(255, Math.max(0, Math.round(x)));
  for (let i = 0; i < values.length; i += 3) {
    // PS3.3, C.7.6.3.1.2, solved for the colours.
    const [y, blue, red] = [values[i]!, values[i + 1]! - 128, values[i + 2]! - 128];
    out[i] = level(y + 1.402 * red);
    out[i + 1] = level(y - 0.344136 * blue - 0.714136 * red);
    out[i + 2] = level(y + 1.772 * blue);
  }
  return out;
}
