/** A model's folder from what a person types: a path, or a name of `models/`. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../context';
import { findPublished, modelsFolder, published } from './catalogue';

/**
 * The folder of a model.
 *
 * @param where the command, for the error
 * @throws UsageError saying how to get it where it is known, or what there is
 */
export function findModel(where: string, nameOrFolder: string): string {
  if (existsSync(nameOrFolder)) return nameOrFolder;
  const named = join(modelsFolder, nameOrFolder);
  if (/^[\w.-]+$/.test(nameOrFolder) && existsSync(named)) return named;
  const known = published.find(({ name }) => name === nameOrFolder);
  const found = known && findPublished(known);
  if (found) return found;
  if (known) throw new UsageError(`${where}: ${known.name} is not here yet; get it with "roentgen models get ${known.name}"`);
  throw new UsageError(
    `${where}: ${nameOrFolder}: there is no such folder and no model of that name; "roentgen models" lists those that are here`,
  );
}
