/** Where an image's bytes lie: a file, or a part of an archive. */

import { open, readFile } from 'node:fs/promises';
import { type DicomGreys, FileError } from '../files';
import { describeSystemError } from '../files/internal';

export interface ImagePlace {
  /** The file, or the archive. */
  readonly path: string;
  /** In an archive: where the image begins. */
  readonly offset?: number;
  /** Bytes. */
  readonly size: number;
  /** Of a DICOM image: how its values become greys; by default over their whole range. */
  readonly greys?: DicomGreys;
}

/** @throws FileError where the file cannot be read, or the archive ends before the image does */
export async function readPlace({ path, offset, size }: ImagePlace): Promise<Buffer> {
  try {
    if (offset === undefined) return await readFile(path);
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, offset);
      if (bytesRead === size) return buffer;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}`, error);
  }
  throw new FileError(path, 'ends within an image; it is another file than the one that was opened');
}

/** The same for one place only. */
export const placeKey = ({ path, offset }: ImagePlace): string => (offset === undefined ? path : `${path} ${offset}`);
