/** What a model says of itself, without its weights: the texts of its folder, or those in the header of its one file. */

import { join } from 'node:path';
import { FileError, readText } from '../files';
import { isFile } from '../files/internal';
import { loadTokenizer, type Tokenizer } from '../tokenizers';
import { readPackedTexts, readPackedTokenizer } from './packed-model';

/**
 * One of those texts.
 *
 * @param model a model's folder, or a packed file
 * @param name  in the folder: `README.md`, `unet/config.json`
 * @throws FileError where there is no such text, or the file is no packed model
 */
export async function modelText(model: string, name: string): Promise<string> {
  if (!isFile(model)) return await readText(join(model, name));
  const texts = await readPackedTexts(model);
  if (texts === undefined) throw new FileError(model, 'is no packed model; "roentgen pack-model" makes one of a model');
  if (!Object.hasOwn(texts, name)) throw new FileError(model, `its header has no ${name}; pack the model again with "roentgen pack-model"`);
  return texts[name]!;
}

/** Its tokenizer. @throws FileError where it has none that can be read */
export async function modelTokenizer(model: string): Promise<Tokenizer> {
  return isFile(model) ? await readPackedTokenizer(model) : await loadTokenizer(join(model, 'tokenizer'));
}
