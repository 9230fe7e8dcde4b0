/** The folder of CXR-LLaVA's second version: config, weights in one file or several, and the tokenizer. */

import { join } from 'node:path';
import type { ChatWriter, LoadLanguageModelOptions } from '../../../decoders';
import { CHAT_TEMPLATE, loadChatWriter } from '../../../decoders/internal';
import type { Tree } from '../../../engine';
import { FileError, readObject, writeJson } from '../../../files';
import { expectFolderOf, loadParameters, mustStayNarrow, saveParameters, writeFileAtomic } from '../../../files/internal';
import { loadTokenizer, type Tokenizer } from '../../../tokenizers';
import { type CxrLlavaConfig, checkCxrLlavaConfig } from './config';
import { type CxrLlavaParams, cxrLlavaShapes } from './model';

export interface CxrLlavaModel {
  readonly config: CxrLlavaConfig;
  /** The caller disposes it. */
  readonly params: CxrLlavaParams;
  readonly tokenizer: Tokenizer;
  /** Where the config's `dialogue` asks for it. */
  readonly chat?: ChatWriter;
}

/** Writes a folder: the same model, the same bytes. @throws FileError where it cannot be written */
export async function saveCxrLlava(folder: string, { config, params, tokenizer, chat }: CxrLlavaModel): Promise<void> {
  checkCxrLlavaConfig(config);
  await tokenizer.save(folder);
  if (chat) await writeFileAtomic(join(folder, CHAT_TEMPLATE), chat.template);
  await saveParameters(folder, 'model', params as Tree);
  await writeJson(join(folder, 'config.json'), config);
}

/** Of the vision encoder: what leads to its own output. And tables that old files list. */
const PASSED_OVER = /^vision_tower\.proj$|rotary_emb\.inv_freq$/;

/**
 * Reads a folder of `saveCxrLlava`, or one of the published model.
 *
 * @throws FileError where a file is missing or not what it should be, or the weights do not fit into the memory that is free, with both numbers, before they are read
 */
export async function loadCxrLlava(folder: string, options: LoadLanguageModelOptions = {}): Promise<CxrLlavaModel> {
  expectFolderOf('a model of CXR-LLaVA', folder, ['config.json']);
  const file = join(folder, 'config.json');
  const config = await readObject<CxrLlavaConfig>(file, (read) => checkCxrLlavaConfig(read as CxrLlavaConfig));
  const expected = cxrLlavaShapes(config);
  const rename = (key: string): string | undefined => (PASSED_OVER.test(key) ? undefined : key);
  const narrow = options.narrow ?? (await mustStayNarrow(file, folder, expected, rename));
  const tokenizer = await loadTokenizer(folder);
  const { vocab_size: known = 32000 } = config.llama;
  if (tokenizer.vocabularySize > known)
    throw new FileError(folder, `its tokenizer has ${tokenizer.vocabularySize} tokens, and the language model ${known}`);
  const chat = config.dialogue && (await loadChatWriter(folder));
  if (config.dialogue && !chat) throw new FileError(folder, `has no ${CHAT_TEMPLATE}, which its config asks for`);
  const params = await loadParameters<CxrLlavaParams & Tree>(folder, { file: 'model', expected, rename, narrow });
  return { config, params, tokenizer, ...(chat && { chat }) };
}
