/** What tells a model from every other: a hash of all that it consists of. */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../files';
import { describeSystemError, hashFile, hashFiles, readModelIndex } from '../files/internal';

/** What an image depends on. */
const PARTS = ['scheduler', 'text_encoder', 'tokenizer', 'unet', 'vae'] as const;

/**
 * SHA-256 over the whole contents of a model folder's weights, configs and vocabularies, names included: every byte is read, some seconds for
 * gigabytes. Where the folder lies and its model card do not matter; another file format or precision of the same weights is another model.
 * `sha256sum {scheduler,text_encoder,tokenizer,unet,vae}/*.{json,safetensors,txt} | LC_ALL=C sort -k 2 | sha256sum` in the folder gives the same.
 *
 * @param folder a model folder, or a single-file checkpoint, whose hash is that of the file
 * @returns 64 hexadecimal digits
 * @throws FileError where a file cannot be read
 */
export async function hashModel(folder: string, signal?: AbortSignal): Promise<string> {
  try {
    if ((await stat(folder)).isFile()) return await hashFile(folder, signal);
    const { components } = await readModelIndex(folder);
    const files: string[] = [];
    for (const part of PARTS.filter((name) => components[name]))
      for (const name of await readdir(join(folder, part))) if (/\.(safetensors|json|txt)$/.test(name)) files.push(`${part}/${name}`);
    return await hashFiles(folder, files, signal);
  } catch (error) {
    if (error instanceof FileError || signal?.aborted) throw error;
    throw new FileError(folder, `cannot be read: ${describeSystemError(error)}`, error);
  }
}
