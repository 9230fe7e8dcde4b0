/** Transfer syntaxes (DICOM PS3.5, section 10 and annex A): how a file's elements and pixels are coded, and what to do about those that are not read. */

import { FileError } from '../errors';

/** How pixels are coded. */
export type PixelCoding = 'native' | 'rle' | 'jpeg' | 'jpeg-lossless' | 'jpeg-ls' | 'jpeg-2000';

/** How a file is coded. */
export interface TransferSyntax {
  readonly uid: string;
  readonly coding: PixelCoding;
  readonly bigEndian: boolean;
}

const READ: Readonly<Record<string, PixelCoding>> = {
  '1.2.840.10008.1.2': 'native',
  '1.2.840.10008.1.2.1': 'native',
  '1.2.840.10008.1.2.1.99': 'native',
  '1.2.840.10008.1.2.2': 'native',
  '1.2.840.10008.1.2.5': 'rle',
  '1.2.840.10008.1.2.4.50': 'jpeg',
  '1.2.840.10008.1.2.4.51': 'jpeg',
  '1.2.840.10008.1.2.4.57': 'jpeg-lossless',
  '1.2.840.10008.1.2.4.70': 'jpeg-lossless',
  '1.2.840.10008.1.2.4.80': 'jpeg-ls',
  '1.2.840.10008.1.2.4.81': 'jpeg-ls',
  '1.2.840.10008.1.2.4.90': 'jpeg-2000',
  '1.2.840.10008.1.2.4.91': 'jpeg-2000',
};

export const DEFLATED = '1.2.840.10008.1.2.1.99';

const BIG_ENDIAN = '1.2.840.10008.1.2.2';

/** Lossy codings, whose values differ a little from decoder to decoder. */
export const lossySyntaxes: readonly string[] = ['1.2.840.10008.1.2.4.50', '1.2.840.10008.1.2.4.51'];

/** What is not read, by the beginning of its UID. */
const REFUSED: readonly (readonly [begin: string, what: string])[] = [
  ['1.2.840.10008.1.2.4.10', 'a video (MPEG-2, MPEG-4 or HEVC), no radiograph'],
  ['1.2.840.10008.1.2.4.20', 'compressed as High-Throughput JPEG 2000'],
  ['1.2.840.10008.1.2.4.9', 'compressed as JPEG 2000 with several components or as JPIP, which names a server in place of pixels'],
  ['1.2.840.10008.1.2.4.11', 'compressed as JPEG XL'],
  ['1.2.840.10008.1.2.4.5', 'compressed by a retired form of JPEG'],
  ['1.2.840.10008.1.2.4.6', 'compressed by a retired form of JPEG'],
];

/** The way round for every coding that is not read. */
export const DECOMPRESS = 'decompress it, such as by `gdcmconv --raw a.dcm b.dcm` (GDCM) or `dcmdjpeg` (DCMTK)';

/** @throws FileError where a file of this syntax is not read */
export function transferSyntax(path: string, uid: string): TransferSyntax {
  const coding = READ[uid];
  if (coding !== undefined) return { uid, coding, bigEndian: uid === BIG_ENDIAN };
  const what = REFUSED.find(([begin]) => uid.startsWith(begin))?.[1];
  if (what?.startsWith('a video')) throw new FileError(path, `is ${what}; take single frames out of it`);
  throw new FileError(path, `is ${what ?? `coded in an unknown way (transfer syntax ${uid})`}, which is not read: ${DECOMPRESS}`);
}
