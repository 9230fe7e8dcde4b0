/** Where the systems' recipes are: built-in ones by their names, in `data/<system>`, and others in files. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FileError, readObject } from '../files';

const DATA = resolve(__dirname, '..', '..', 'data');

/** A recipe's file by its name or path. */
export interface RecipeToRead {
  /** The folder of the built-in ones. */
  readonly system: string;
  readonly nameOrFile: string;
  /** The built-in ones in words, for the error. */
  readonly names: string;
}

/**
 * @param check of what the file holds; its errors become the file's
 * @throws FileError where there is no such recipe, or `check` refuses it
 */
export async function readRecipe<R extends object>(
  { system, nameOrFile, names }: RecipeToRead,
  check: (recipe: R, file: string) => void,
): Promise<{ readonly file: string; readonly recipe: R }> {
  const builtIn = join(DATA, system, `${nameOrFile}.json`);
  const file = existsSync(builtIn) ? builtIn : nameOrFile;
  if (!existsSync(file)) throw new FileError(nameOrFile, `no recipe "${nameOrFile}"; there are ${names}, or give a JSON file`);
  return { file, recipe: await readObject<R>(file, (recipe) => check(recipe, file)) };
}
