/** What a file's first bytes say of its format: names for what is not read here, and the TIFF tags that the decoder does not give. */

import { isEnvelope } from './dicom';
import { failedDownload } from './not-the-file';

const text = (bytes: Uint8Array, from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString('latin1');

const starts = (bytes: Uint8Array, ...signatures: string[]): boolean => signatures.some((one) => text(bytes, 0, one.length) === one);

/** Formats by their bytes: name, and the way round. Each is asked in turn. */
const formats: readonly [is: (bytes: Uint8Array) => boolean, name: string, remedy: string][] = [
  [isEnvelope, 'encrypted (a CMS envelope, as DICOM files are sent in)', 'decrypt it first, with the key of whoever sent it'],
  [
    (b) => starts(b, '\x08\0\x05\0', '\x08\0\x08\0', '\x08\0\x16\0', '\x02\0\0\0', '\x02\0\x10\0'),
    'a DICOM data set without the header of a file (PS3.10)',
    'write it anew, such as by `dcmconv +F a.dcm b.dcm` (DCMTK)',
  ],
  [
    (b) => text(b, 4, 8) === 'jP  ' || starts(b, '\xff\x4f\xff\x51'),
    'a JPEG 2000 file',
    'convert it to PNG, such as by `opj_decompress -i a.jp2 -o a.png` or by Pillow',
  ],
  [(b) => text(b, 4, 8) === 'JXL ' || starts(b, '\xff\x0a'), 'a JPEG XL file', 'convert it to PNG, such as by `djxl a.jxl a.png`'],
  [(b) => text(b, 4, 8) === 'ftyp', 'a HEIC or AVIF file', 'convert it to PNG or JPEG'],
  [(b) => text(b, 0, 1024).includes('%PDF-'), 'a PDF file', 'take its pictures out, such as by `pdfimages -png`'],
  [
    (b) => starts(b, '\x5c\x01\0\0', '\0\0\x01\x5c') && ['n+1', 'ni1'].includes(text(b, 344, 347)),
    'a NIfTI file',
    'a volume, of which `roentgen drr` makes radiographs',
  ],
  [(b) => /^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*|<!DOCTYPE svg[^>]*>\s*)*<svg\b/is.test(head(b)), 'an SVG drawing', 'convert it to PNG'],
  [(b) => starts(b, 'PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'), 'a ZIP archive', 'unpack it'],
  [
    (b) => starts(b, '\x1f\x8b'),
    'compressed by gzip',
    'unpack it (`gunzip`); what ends in .nii.gz is NIfTI, a volume, of which `roentgen drr` makes radiographs',
  ],
  [(b) => /^P[1-7]\s/.test(text(b, 0, 3)), 'a PNM file (PGM, PPM)', 'convert it to PNG'],
  [(b) => starts(b, '\x93NUMPY'), 'a NumPy array', 'save it as PNG, such as by Pillow'],
];

/** The beginning, of text in UTF-8 without its byte order mark. */
const head = (bytes: Uint8Array): string =>
  Buffer.from(bytes.subarray(0, 512))
    .toString('utf8')
    .replace(/^\ufeff/, '');

/**
 * Names the format of a file that the decoder has refused, or what a download left in its place, with the way round: "is a DICOM file: convert it …".
 *
 * A few bytes prove nothing of a file that can be read, so it is asked only about one that cannot.
 *
 * @param bytes the file, or its first kilobyte
 */
export function nameFormat(bytes: Uint8Array): string | undefined {
  const format = formats.find(([is]) => is(bytes));
  return format ? `is ${format[1]}: ${format[2]}` : failedDownload(head(bytes));
}

/** What a TIFF's first page says of its values (TIFF 6.0, section 8). */
export interface TiffTags {
  readonly bits?: number;
  /** 1 is none, 7 JPEG. */
  readonly compression?: number;
  /** 0 is WhiteIsZero, 6 YCbCr. */
  readonly photometric?: number;
}

/** The tags of a TIFF's first page; none where it is no classic TIFF or cut. */
export function tiffTags(bytes: Uint8Array): TiffTags {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const order = text(bytes, 0, 4);
  const little = order === 'II*\0';
  if (!little && order !== 'MM\0*') return {};
  const first = bytes.length >= 8 ? view.getUint32(4, little) : 0;
  const entries = first >= 8 && first + 2 <= bytes.length ? view.getUint16(first, little) : 0;
  const tags = new Map<number, number>();
  for (let at = first + 2; at < first + 2 + 12 * entries && at + 12 <= bytes.length; at += 12) {
    const count = view.getUint32(at + 4, little);
    // Three values and more lie elsewhere, at the offset that stands in their place.
    const place = count <= 2 ? at + 8 : view.getUint32(at + 8, little);
    if (view.getUint16(at + 2, little) === 3 && place + 2 <= bytes.length)
      tags.set(view.getUint16(at, little), view.getUint16(place, little));
  }
  const [bits, compression, photometric] = [tags.get(258), tags.get(259), tags.get(262)];
  return {
    bits,
    compression,
    photometric,
  };
}
