/** Whether a path is of a file: a model may be a folder or one file. */

import { statSync } from 'node:fs';

/** False where nothing is there. */
export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
