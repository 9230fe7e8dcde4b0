/** The elements of a DICOM file (PS3.10), and what a file is that has none. */

import { readFile } from 'node:fs/promises';
import { inflateRawSync } from 'node:zlib';
import { type DataSet, parseDicom, readPart10Header } from 'dicom-parser';
import { describeSystemError, FileError } from '../errors';
import { failedDownload } from '../not-the-file';
import { type TransferSyntax, transferSyntax } from './syntax';

/** A parsed file: its elements, and the bytes that they lie in (`elements.byteArray`). */
export interface DicomFile {
  readonly path: string;
  readonly syntax: TransferSyntax;
  /** The elements of group 2, which describe the file; they lie in bytes of their own where it is deflated. */
  readonly meta: DataSet;
  readonly elements: DataSet;
}

/** A deflated file unpacks to this at most, as a small one could fill the memory. */
const MOST_BYTES = 2 ** 30;

/** Whether bytes begin as a file of PS3.10: 128 bytes of preamble, then "DICM". */
export function isDicom(bytes: Uint8Array): boolean {
  return bytes.length >= 132 && bytes[128] === 0x44 && bytes[129] === 0x49 && bytes[130] === 0x43 && bytes[131] === 0x4d;
}

/** A CMS envelope (RFC 5652; DICOM PS3.15, annex B): an ASN.1 sequence that begins with the name of enveloped data. */
export function isEnvelope(bytes: Uint8Array): boolean {
  const name = Buffer.from('06092a864886f70d010703', 'hex');
  return bytes[0] === 0x30 && Buffer.from(bytes.subarray(0, 64)).includes(name);
}

/**
 * Reads and parses a file.
 *
 * @throws FileError where it is missing, no DICOM file, truncated, encrypted, or coded in a way that is not read
 */
export async function openDicom(path: string): Promise<DicomFile> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  }
  return parseDicomFile(path, bytes);
}

/** Parses a file's bytes; errors as of `openDicom`. */
export function parseDicomFile(path: string, bytes: Uint8Array): DicomFile {
  if (bytes.length === 0) throw new FileError(path, 'is empty, not a DICOM file');
  if (isEnvelope(bytes))
    throw new FileError(
      path,
      'is encrypted (a CMS envelope, as DICOM files are sent in): decrypt it first, with the key of whoever sent it',
    );
  if (!isDicom(bytes)) throw new FileError(path, noDicom(bytes));
  let meta: DataSet;
  let elements: DataSet;
  try {
    meta = readPart10Header(bytes);
    elements = parseDicom(bytes, { inflater });
  } catch (error) {
    // Not with the parser's exception as its cause, which holds all elements read so far.
    throw new FileError(path, `is a truncated or damaged DICOM file (${reasonOf(error)}; ${bytes.length} bytes); copy it again`);
  }
  return { path, syntax: transferSyntax(path, meta.string('x00020010') ?? ''), meta, elements };
}

function inflater(bytes: Uint8Array, position: number): Uint8Array {
  return inflateRawSync(bytes.subarray(position), { maxOutputLength: MOST_BYTES });
}

function noDicom(bytes: Uint8Array): string {
  const instead = failedDownload(Buffer.from(bytes.subarray(0, 1024)).toString('utf8'));
  if (instead) return instead;
  // An old file without preamble begins with an element of group 2 or 8.
  const [low, high] = bytes;
  if ((low === 2 || low === 8) && high === 0)
    return 'is a DICOM data set without the header of a file (PS3.10): write it anew, such as by `dcmconv +F a.dcm b.dcm` (DCMTK)';
  return 'is not a DICOM file: "DICM" does not stand behind its first 128 bytes';
}

/** The parser throws strings, errors, and objects that hold one of these. */
function reasonOf(error: unknown): string {
  const inner = (error as { exception?: unknown } | null)?.exception ?? error;
  const text = inner instanceof Error ? inner.message : String(inner);
  return text.replace(/^dicomParser[.:][\w.]*:\s*/, '').trim();
}
