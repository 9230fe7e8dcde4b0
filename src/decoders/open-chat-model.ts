/** A language model with tokenizer and template, by a name, a folder or a file. */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FileError } from '../files';
import { findModelFolder, published } from '../files/internal';
import { type ChatModel, loadChatModel } from './chat-model';
import { loadGgufModel } from './gguf-model';

/**
 * Opens a folder of transformers', a GGUF file or the folder that holds one; `smollm2` where it was got.
 *
 * @returns the caller disposes its `params`
 * @throws FileError where there is none, or it is not what it should be
 */
export async function openChatModel(nameOrPath: string): Promise<ChatModel> {
  const path = findModelFolder(nameOrPath);
  if (path === undefined) {
    const known = published.some(({ name }) => name === nameOrPath);
    throw new FileError(nameOrPath, `is not there${known ? `; "npx roentgen models get ${nameOrPath}" brings it` : ''}`);
  }
  if (!statSync(path).isDirectory()) return await loadGgufModel(path);
  const files = readdirSync(path).filter((name) => name.endsWith('.gguf'));
  return files.length === 1 && !existsSync(join(path, 'config.json'))
    ? await loadGgufModel(join(path, files[0]!))
    : await loadChatModel(path);
}
