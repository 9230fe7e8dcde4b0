/** Sources of fixtures, which lie in the data folders. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type CheckOptions, Unsupported } from './checker';

/**
 * The path of a file or folder in the first data folder that has it.
 *
 * @throws Unsupported where none has
 */
export function findData(name: string, { data }: Pick<CheckOptions, 'data'>): string {
  const path = data.map((folder) => join(folder, name)).find(existsSync);
  if (path === undefined) throw new Unsupported(`${name} is in none of the data folders; name them with --data`);
  return path;
}
