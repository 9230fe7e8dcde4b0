/** Members of tar archives, also zipped ones. */

import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Entry, extract } from 'tar-stream';
import { FileError } from '../files';
import { describeSystemError } from '../files/internal';

/** A file in an archive. */
export interface TarMember {
  /** With slashes, and without `./` before it. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Where its bytes begin in the archive, unpacked. */
  readonly offset: number;
  /**
   * What it holds; to be asked for before the next member is.
   *
   * @throws FileError where it has more bytes than `most`, or the archive ends within it
   */
  bytes(most: number): Promise<Buffer>;
}

/** Bytes of a member's own header, where tar-stream's `offset` is; its content follows. */
const HEADER = 512;

/** Whether a file is an archive that `tarMembers` unzips, by its name. */
const isZipped = (path: string): boolean => /\.(tgz|tar\.gz)$/i.test(path);

/**
 * The files of an archive, in its order, read once from beginning to end. Folders, links and devices are passed over: nothing is written, and no link is followed.
 *
 * @throws FileError where it cannot be read, is truncated or no tar archive, or a member's name is absolute or leads out (`..`)
 */
export async function* tarMembers(path: string): AsyncGenerator<TarMember> {
  const archive = extract();
  const unzip = isZipped(path) ? [createGunzip()] : [];
  const done = pipeline([createReadStream(path), ...unzip, archive]);
  done.catch(() => undefined); // said below, where the members end
  let number = 0;
  try {
    for await (const entry of archive) {
      number++;
      if (entry.header.type === 'file' || entry.header.type === 'contiguous-file') yield member(path, number, entry);
      if (!entry.destroyed && !entry.readableEnded) entry.resume();
    }
    await done;
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw damaged(path, number, error);
  } finally {
    archive.destroy();
  }
}

function damaged(path: string, number: number, error: unknown): FileError {
  return new FileError(path, `is a truncated or damaged archive, or none (at member ${number}): ${describeSystemError(error)}`, error);
}

function member(path: string, number: number, entry: Entry): TarMember {
  const { name: raw, size = 0 } = entry.header;
  const name = raw.replaceAll('\\', '/').replace(/^(\.\/)+/, '');
  if (/^(\/|[a-z]:)/i.test(name) || name.split('/').includes('..'))
    throw new FileError(path, `member ${number}: its name leads out of the archive; expected a path without .. and without a root`);
  return {
    name,
    size,
    offset: (entry as Entry & { readonly offset: number }).offset + HEADER,
    async bytes(most) {
      if (size > most) throw new FileError(path, `member ${number}: has ${size} bytes, expected at most ${most}`);
      const parts: Buffer[] = [];
      try {
        for await (const part of entry) parts.push(part as Buffer);
      } catch (error) {
        throw damaged(path, number, error);
      }
      return Buffer.concat(parts);
    },
  };
}
