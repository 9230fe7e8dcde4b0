/** Which file of a folder holds a network's weights: one safetensors file, or the index of several, perhaps of a variant such as fp16. */

import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describeSystemError, FileError } from './errors';
import { readJson } from './json';
import { howToConvert } from './safetensors-header';

/** What a file name says of its content; undefined for the plain file. */
function variantOf(name: string, stem: string): string | undefined | null {
  const ending = name.startsWith(`${stem}.`) ? name.slice(stem.length + 1) : '';
  // Shards, such as model-00001-of-00002.safetensors, are named by the index alone.
  const match = /^(?:(\w+)\.)?safetensors$/.exec(ending) ?? /^safetensors\.index\.(?:(\w+)\.)?json$/.exec(ending);
  return match ? match[1] : null;
}

/**
 * The safetensors files that are meant.
 *
 * A folder's plain file comes before its variants; where there is only one variant, it is taken, since there are no other numbers to read. A
 * variant that is asked for is taken where the folder has it, else the plain file, as in diffusers.
 *
 * @param fileOrFolder a `.safetensors` file, a sharded model's index, or the folder of either
 * @param stems        of the files in a folder, in the order in which they are looked for
 * @returns the path to name in errors, and the files that hold the tensors
 * @throws FileError where there is none, saying how a pickle is converted, or where several variants are there and none is asked for
 */
export async function findWeights(
  fileOrFolder: string,
  stems: readonly string[],
  variant: string | undefined,
): Promise<{ readonly path: string; readonly files: readonly string[] }> {
  const path = await findFile(fileOrFolder, stems, variant);
  return { path, files: path.endsWith('.json') ? await readIndex(path) : [path] };
}

async function findFile(fileOrFolder: string, stems: readonly string[], variant: string | undefined): Promise<string> {
  let names: string[];
  try {
    if (!(await stat(fileOrFolder)).isDirectory()) return fileOrFolder;
    names = (await readdir(fileOrFolder)).sort();
  } catch (error) {
    throw new FileError(fileOrFolder, `cannot be read: ${describeSystemError(error)}`, error);
  }
  for (const stem of stems) {
    // A whole file sorts before an index of shards.
    const candidates = names.flatMap((name) => {
      const kind = variantOf(name, stem);
      return kind === null ? [] : [{ name, kind }];
    });
    const match =
      candidates.find(({ kind }) => variant !== undefined && kind === variant) ?? candidates.find(({ kind }) => kind === undefined);
    if (match) return join(fileOrFolder, match.name);
    const variants = [...new Set(candidates.map(({ kind }) => kind))];
    if (variants.length === 1 && variant === undefined) return join(fileOrFolder, candidates[0]!.name);
    if (variants.length > 0)
      throw new FileError(
        fileOrFolder,
        `has ${variants.map((one) => `${stem}.${one}.safetensors`).join(', ')}; ask for one of these variants`,
      );
  }
  const pickle = names.find((candidate) => /\.(bin|ckpt|pt|pth)$/.test(candidate));
  const instead = pickle ? `; it has ${pickle}. ${howToConvert}` : '';
  throw new FileError(fileOrFolder, `has no ${stems.map((stem) => `${stem}.safetensors`).join(' or ')}${instead}`);
}

/** The shards that an index names, each once. */
async function readIndex(path: string): Promise<string[]> {
  const { weight_map: map } = (await readJson<{ weight_map?: unknown }>(path)) ?? {};
  const names = typeof map === 'object' && map !== null ? [...new Set(Object.values(map))] : [];
  if (names.length === 0 || !names.every((name) => typeof name === 'string' && basename(name) === name))
    throw new FileError(path, 'its weight_map does not name files of this folder');
  return (names as string[]).map((name) => join(dirname(path), name));
}
