/** Which recipe trains on anybody's images of a size, and from which model: the one whose file says which recipe it adapts. */

import { dirname, join, resolve } from 'node:path';
import { FileError, readObject } from '../files';
import { findModelFolder } from '../files/internal';
import { loadRecipe, RECIPE_FOLDER, recipeNames } from './recipe';

/**
 * The recipes for anybody's images, by the size of their images, smallest first. Those that extend one are not meant with it.
 *
 * @param folder of recipes; the built-in ones where it is left out
 * @throws FileError where two are for the same size, or one can't be worked with
 */
export async function recipesForAnyData(folder: string = RECIPE_FOLDER): Promise<ReadonlyMap<number, string>> {
  const found: [size: number, name: string][] = [];
  for (const name of recipeNames(folder)) {
    const file = join(folder, `${name}.json`);
    if ((await readObject(file)).adapts === undefined) continue;
    const { size } = await loadRecipe(file);
    const other = found.find(([taken]) => taken === size);
    if (other) throw new FileError(file, `adapts: ${other[1]} is for images of ${size} pixels already; one recipe of a size can be`);
    found.push([size, name]);
  }
  return new Map(found.sort(([a], [b]) => a - b));
}

/** @throws RangeError listing the sizes that there are, where there is no recipe for this one */
export async function recipeForSize(size: number, folder?: string): Promise<string> {
  const recipes = await recipesForAnyData(folder);
  const name = recipes.get(size);
  if (name !== undefined) return name;
  const sizes = [...recipes].map(([side, recipe]) => `${side} (recipe ${recipe})`);
  throw new RangeError(
    `--size: expected a side of ${sizes.join(' or ')} pixels, got ${size}; for another, copy a recipe and give its file`,
  );
}

/**
 * The model of a recipe that another one adapts: that of its run in `runs`, or its packed file in `models`; undefined where there is neither.
 *
 * @returns a whole path, as notebooks run in a folder of their own
 */
export function modelToAdapt(adapts: string): string | undefined {
  const index = findModelFolder(`runs/${adapts}/model/model_index.json`);
  const found = index === undefined ? findModelFolder(`models/${adapts}`) : dirname(index);
  return found === undefined ? undefined : resolve(found);
}
