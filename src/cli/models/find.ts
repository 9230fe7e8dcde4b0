/** A model's folder from what a person types. */

import { findModelFolder, published } from '../../files/internal';
import { UsageError } from '../context';

/**
 * The folder of a model (`findModelFolder`).
 *
 * @param where the command, for the error
 * @throws UsageError saying how to get it where it is known, or what there is
 */
export function findModel(where: string, nameOrFolder: string): string {
  const path = findModelFolder(nameOrFolder);
  if (path !== undefined) return path;
  if (published.some(({ name }) => name === nameOrFolder))
    throw new UsageError(`${where}: ${nameOrFolder} is not here yet; get it with "roentgen models get ${nameOrFolder}"`);
  throw new UsageError(
    `${where}: ${nameOrFolder}: there is no such folder and no model of that name; "roentgen models" lists those that are here`,
  );
}
