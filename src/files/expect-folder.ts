/** What is said where a model's folder is not there: with the command that brings it, where one does. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from './errors';
import { published } from './published-models';

/** Commands that leave a model in `runs/<name>/model`. */
const QUICKSTARTS: Readonly<Record<string, string>> = { quickstart: 'npm run quickstart', base: 'npm run quickstart -- --data world' };

/** The command that brings a folder of the clone, from wherever its path begins; undefined where none does. */
export function commandFor(folder: string): string | undefined {
  const [, model] = /(?:^|[\\/])models[\\/]([\w.-]+)[\\/]?$/.exec(folder) ?? [];
  if (published.some(({ name }) => name === model)) return `npx roentgen models get ${model}`;
  const [, run] = /(?:^|[\\/])runs[\\/]([\w.-]+)(?:[\\/]model)?[\\/]?$/.exec(folder) ?? [];
  return run !== undefined && Object.hasOwn(QUICKSTARTS, run) ? QUICKSTARTS[run] : undefined;
}

/**
 * Whether a folder is there and holds one of the files that make it what is asked for.
 *
 * @param what  what it should be the folder of, with its article: "a model"
 * @throws FileError naming the folder, and the command that brings it where there is one
 */
export function expectFolderOf(what: string, folder: string, files: readonly string[]): void {
  if (files.some((name) => existsSync(join(folder, name)))) return;
  const command = commandFor(folder);
  const inside = files.some((name) => existsSync(join(folder, 'model', name))) ? `; there is one in ${join(folder, 'model')}` : '';
  const found = existsSync(folder) ? `is not the folder of ${what}: it has no ${files.join(' and no ')}${inside}` : 'is not there';
  throw new FileError(folder, `${found}${command && !inside ? `; "${command}" brings it` : ''}`);
}
