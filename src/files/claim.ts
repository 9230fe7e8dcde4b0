/** Folders that a command writes into: what others put there is not overwritten. */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from './errors';

/**
 * Refuses a folder that holds something else than what is going to be written there. Empty and missing folders are free; hidden files and a lock are no
 * content.
 *
 * @param what  the command's own content, such as "a run"
 * @param marks paths in the folder, of which one at least is there where the content is the command's own
 * @throws FileError where none is and the folder has other content, or it is a file
 */
export function claimFolder(folder: string, what: string, marks: readonly string[]): void {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isDirectory()) throw new FileError(folder, `is a file; give a folder for ${what}`);
  if (marks.some((mark) => existsSync(join(folder, mark)))) return;
  const names = readdirSync(folder).filter((name) => !name.startsWith('.') && name !== 'lock');
  if (names.length > 0)
    throw new FileError(
      folder,
      `holds ${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} others` : ''}, but not ${what}; nothing was written, give a new or empty folder`,
    );
}
