/** Image files by their names alone: published collections spread them over folders that their tables do not name. */

import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { FileError } from '../files';

const ending = /\.(png|jpe?g|webp|tiff?|gif|avif|bmp|jp2|dcm|dicom)$/i;

/** Whether a file is an image by its name. */
export function isImage(path: string): boolean {
  return ending.test(path);
}

/** A file's name without folders and without an image's ending. */
export function imageStem(path: string): string {
  return basename(path).replace(ending, '');
}

/** The deepest that known layouts go, `images_001/images/x.png`, and one more. */
const DEPTH = 3;

/**
 * The files below a folder in the order of their paths, hidden ones left out; links within it are followed as far as the depth allows.
 *
 * @throws FileError for a link that leads out of the folder: data from elsewhere must not read what lies beside them
 */
export async function filesBelow(folder: string): Promise<string[]> {
  return below(folder, `${await realpath(folder)}${sep}`, DEPTH);
}

async function below(folder: string, root: string, depth: number): Promise<string[]> {
  const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const paths: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    const target = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
    if (target && target !== entry && !`${await realpath(path)}${sep}`.startsWith(root))
      throw new FileError(path, 'is a link that leads out of the folder of data; name the folder that it leads to, or copy what is there');
    if (target?.isFile()) paths.push(path);
    else if (target?.isDirectory() && depth > 0) for (const file of await below(path, root, depth - 1)) paths.push(file);
  }
  return paths;
}

/**
 * The images below a folder, by name: with or without its ending, in other capitals where no file has these, folders before it left aside
 * (Windows' too). Where several have one name, the first path is taken.
 *
 * @returns gives the whole path of a name, undefined where there is none
 */
export async function findImages(folder: string): Promise<(name: string) => string | undefined> {
  const spellings = [basename, imageStem, (path: string) => imageStem(path).toLowerCase()];
  const indexes = spellings.map(() => new Map<string, string>());
  for (const path of (await filesBelow(resolve(folder))).filter(isImage)) {
    for (const [i, spelling] of spellings.entries()) {
      const name = spelling(path);
      if (!indexes[i]!.has(name)) indexes[i]!.set(name, path);
    }
  }
  return (name) => {
    const path = name.replaceAll('\\', '/');
    for (const [i, spelling] of spellings.entries()) {
      const file = indexes[i]!.get(spelling(path));
      if (file !== undefined) return file;
    }
    return undefined;
  };
}
