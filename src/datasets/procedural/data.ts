/** The package's data files. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The package's folder `data`. */
export const dataFolder: string = join(__dirname, '..', '..', '..', 'data');

/** Reads a JSON file of the package's data. */
export function readData<T>(file: string): T {
  return JSON.parse(readFileSync(join(dataFolder, file), 'utf8')) as T;
}
