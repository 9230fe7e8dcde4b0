/** Images from files, as their decoded values, upright: no colour management, no scaling. */

import { readFile } from 'node:fs/promises';
import { decode as decodeBmp } from 'bmp-ts';
import sharp, { type Metadata } from 'sharp';
import { type DicomGreys, dicomImage, isDicom, parseDicomFile } from './dicom';
import { describeSystemError, FileError } from './errors';
import { pngSignificantBits, usedBits, whiteAt } from './image-depth';
import { nameFormat, tiffTags } from './image-formats';

/** A decoded image. `data` is row-major, channels interleaved; 0 is black. */
export interface Image {
  readonly width: number;
  readonly height: number;
  /** 1 is grey, 3 is red, green, blue. Alpha is dropped, palettes are resolved. */
  readonly channels: 1 | 3;
  /** 0 … 255, or 0 … 65535 where the file has 16 bits a value: of these it may use fewer (`usedBits`). */
  readonly data: Uint8Array | Uint16Array;
  /** Of 16-bit PNG files that say it (sBIT): how many bits their values had before. */
  readonly significantBits?: number;
}

export interface ReadImageOptions {
  /**
   * The image will be a square of this side: one of more than 25 million pixels is then shrunk while it is decoded, to four times the side or more,
   * so that it needs little memory. Others are never shrunk.
   */
  readonly side?: number;
  /** How the values of a DICOM image become its 8-bit greys; `range` by default. Other formats have no windows. */
  readonly greys?: DicomGreys;
}

const formats = ['jpeg', 'png', 'webp', 'tiff', 'gif'];

/** A radiograph has up to 20 million pixels, one of the whole spine 30. More than this is a mistake or an attack. */
const MOST_PIXELS = 150e6;

/** Above, images are decoded one at a time, and shrunk where that is enough. */
const LARGE = 25e6;

/**
 * Decodes a JPEG, PNG, WebP, TIFF, GIF, BMP (of several pages the first), turned as its EXIF orientation says; or a DICOM image (of several frames the
 * first) as 8-bit greys, air dark.
 *
 * @throws FileError where it is missing, truncated, not such an image (other formats are named, with the way round) or has more than 150 million pixels
 */
export async function readImage(path: string, options: ReadImageOptions = {}): Promise<Image> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path); // not by sharp, whose cache would give an old picture for a rewritten file
  } catch (error) {
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  }
  return decodeImage(path, bytes, options);
}

/**
 * Decodes an image's bytes as `readImage` does those of a file.
 *
 * @param path where they come from, for errors
 */
export async function decodeImage(path: string, bytes: Buffer, { side, greys = 'range' }: ReadImageOptions = {}): Promise<Image> {
  if (bytes.length === 0) throw new FileError(path, 'is empty, not an image');
  if (isDicom(bytes)) return inTurn(bytes.length, () => dicomImage(parseDicomFile(path, bytes), greys));
  try {
    return isBmp(bytes) ? await readBmp(path, bytes) : await decode(path, bytes, side);
  } catch (error) {
    if (error instanceof FileError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const { bits } = tiffTags(bytes);
    if (bits !== undefined && ![1, 2, 4, 8, 16].includes(bits))
      throw new FileError(path, `is a TIFF with ${bits} bits a value; save it with 8 or 16 bits`, error);
    const named = nameFormat(bytes);
    if (named !== undefined) throw new FileError(path, named, error);
    const what = /unsupported image format/.test(reason) ? 'is not an image' : 'is a truncated or damaged image';
    throw new FileError(path, `${what} (${reason.trim()}; ${bytes.length} bytes)`, error);
  }
}

/**
 * Width and height as the header of a PNG, JPEG, TIFF or WebP file says, pixels, without decoding it; undefined for other formats (DICOM, BMP) and for what
 * is no image or cannot be read, which decoding it tells.
 *
 * @param image its path or its bytes
 */
export async function headerSize(image: string | Buffer): Promise<readonly [width: number, height: number] | undefined> {
  return sharp(image, { limitInputPixels: false })
    .metadata()
    .then(
      ({ width, height }) => [width, height] as const,
      () => undefined,
    );
}

async function decode(path: string, bytes: Buffer, side: number | undefined): Promise<Image> {
  // The limit on pixels is checked below, where the message can give the size.
  const picture = sharp(bytes, { failOn: 'error', ignoreIcc: true, autoOrient: true, limitInputPixels: false });
  const metadata = await picture.metadata();
  const { width, height, format, space, depth } = metadata;
  if (!formats.includes(format ?? ''))
    throw new FileError(path, nameFormat(bytes) ?? `is a ${format}, expected one of ${formats.join(', ')}, bmp`);
  if (depth !== 'uchar' && depth !== 'ushort') throw new FileError(path, `has values of type ${depth}, expected 8 or 16 bits`);
  const { photometric, compression } = format === 'tiff' ? tiffTags(bytes) : {};
  // libvips gives YCbCr as if it were RGB where no JPEG is inside, and does not end with Lab.
  if ((photometric === 6 && compression !== 7) || !['b-w', 'grey16', 'srgb', 'rgb', 'rgb16', 'cmyk'].includes(space ?? ''))
    throw new FileError(path, `has colours as ${photometric === 6 ? 'YCbCr' : space}; save it as grey or RGB`);
  checkPixels(path, width, height);
  if (side !== undefined && width * height > LARGE) {
    const times = Math.floor(Math.min(width, height) / (4 * side));
    const { width: across, height: down } = metadata.autoOrient;
    if (times > 1) picture.resize(Math.round(across / times), Math.round(down / times), { fit: 'fill', kernel: 'cubic' });
  }
  const image = await inTurn(width * height, () => values(path, picture, metadata));
  if (!(image.data instanceof Uint16Array)) return image;
  if (photometric === 0) blackFromWhite(image);
  const significantBits = format === 'png' ? pngSignificantBits(bytes) : undefined;
  return significantBits === undefined ? image : { ...image, significantBits };
}

async function values(path: string, picture: sharp.Sharp, { space, depth }: Metadata): Promise<Image> {
  const wide = depth === 'ushort';
  const grey = space === 'b-w' || space === 'grey16';
  const cmyk = space === 'cmyk' && !wide;
  const target = cmyk ? 'cmyk' : grey ? (wide ? 'grey16' : 'b-w') : wide ? 'rgb16' : 'srgb';
  if (cmyk) picture.pipelineColourspace('cmyk'); // else a printer's profile would be used
  const { data, info } = await (cmyk ? picture : picture.removeAlpha())
    .toColourspace(target)
    .raw({ depth: wide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (cmyk) return { width, height, channels: 3, data: fromInks(data, width * height, channels) };
  if (channels !== 1 && channels !== 3) throw new FileError(path, `has ${channels} channels, expected grey or RGB`);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { width, height, channels, data: wide ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : bytes };
}

/** Each colour is the paper's white less its ink and less black, as Pillow has it: greys come out as they went in. */
function fromInks(inks: Uint8Array, pixels: number, channels: number): Uint8Array {
  const rgb = new Uint8Array(3 * pixels);
  for (let i = 0; i < pixels; i++) {
    const paper = 255 - inks[i * channels + 3]!;
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = Math.max(0, paper - Math.round((inks[i * channels + c]! * paper) / 255));
  }
  return rgb;
}

/** In a TIFF that counts from white, the decoder has taken values from 65535; where fewer bits are used, white is less. Changes the values. */
function blackFromWhite(image: Image): void {
  const { data } = image;
  for (let i = 0; i < data.length; i++) data[i] = 65535 - data[i]!;
  const white = whiteAt(usedBits(image));
  for (let i = 0; i < data.length; i++) data[i] = white - data[i]!;
}

/** "BM", and the header's own size, which is one of a few: text may begin with "BM" too. */
function isBmp(bytes: Buffer): boolean {
  return bytes.length >= 54 && bytes.toString('latin1', 0, 2) === 'BM' && [12, 40, 52, 56, 64, 108, 124].includes(bytes.readUInt32LE(14));
}

async function readBmp(path: string, bytes: Buffer): Promise<Image> {
  // The decoder gives wrong pixels for rows of half bytes and for runs, and does not know the header of OS/2.
  const [bits, compression] = bytes.readUInt32LE(14) === 12 ? [0, 0] : [bytes.readUInt16LE(28), bytes.readUInt32LE(30)];
  if (![1, 8, 24, 32].includes(bits) || (compression !== 0 && !(bits === 32 && compression === 3)))
    throw new FileError(path, 'is a BMP of a rare kind (expected 1, 8, 24 or 32 bits a pixel, not compressed); save it as PNG');
  const [width, height] = [bytes.readInt32LE(18), Math.abs(bytes.readInt32LE(22))];
  if (!(width > 0 && height > 0)) throw new FileError(path, `is a damaged BMP: its size is ${width} × ${height}`);
  checkPixels(path, width, height);
  return inTurn(width * height, async () => {
    const { data: quads } = decodeBmp(bytes); // alpha, blue, green, red
    const data = new Uint8Array(3 * width * height);
    for (let i = 0; i < width * height; i++) for (let c = 0; c < 3; c++) data[3 * i + c] = quads[4 * i + 3 - c]!;
    return { width, height, channels: 3, data };
  });
}

function checkPixels(path: string, width: number, height: number): void {
  if (width * height > MOST_PIXELS)
    throw new FileError(
      path,
      `has ${width} × ${height} = ${Math.round((width * height) / 1e6)} million pixels, more than a radiograph ever has; at most ${MOST_PIXELS / 1e6} million are read`,
    );
}

let lastLarge: Promise<unknown> = Promise.resolve();

/** Large images are decoded one after the other: a few at once could fill the memory. */
function inTurn(pixels: number, work: () => Promise<Image>): Promise<Image> {
  if (pixels <= LARGE) return work();
  const image = lastLarge.then(work);
  lastLarge = image.catch(() => undefined);
  return image;
}
