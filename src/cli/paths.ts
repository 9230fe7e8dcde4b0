/** Where the clone's parts lie. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The clone's root, from dist/cli. */
export const root: string = resolve(__dirname, '..', '..');

/** The Python environment that set-up makes. */
export const venv: string = join(root, '.venv');

/** Folders in which images, CT series and tokenizers are looked for when none is given: the clone's own, and one beside the clone. */
export function defaultDataFolders(): string[] {
  return [join(root, 'data'), resolve(root, '..', 'shared', 'data')].filter((folder) => existsSync(folder));
}
