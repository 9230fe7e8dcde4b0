/** The folder of CheXagent-2-3b: config, weights in one file or several, the tokenizer and its template of dialogues. */

import { join } from 'node:path';
import type { ChatWriter, LoadLanguageModelOptions } from '../../../decoders';
import { loadChatWriter } from '../../../decoders/internal';
import { FileError, readObject } from '../../../files';
import { expectFolderOf, loadParameters, mustStayNarrow } from '../../../files/internal';
import { loadTokenizer, type Tokenizer } from '../../../tokenizers';
import { type CheXagent2Config, checkCheXagent2Config } from './config';
import { type CheXagent2Params, cheXagent2Shapes } from './model';

export interface CheXagent2Model {
  readonly config: CheXagent2Config;
  /** The caller disposes it. */
  readonly params: CheXagent2Params;
  readonly tokenizer: Tokenizer;
  readonly chat: ChatWriter;
}

/** Tables that old files list. */
const PASSED_OVER = /rotary_emb\.inv_freq$|position_ids$/;

/**
 * Reads a folder of the published model.
 *
 * @throws FileError where a file is missing or not what it should be, or the weights do not fit into the memory that is free, with both numbers, before they are read
 */
export async function loadCheXagent2(folder: string, options: LoadLanguageModelOptions = {}): Promise<CheXagent2Model> {
  expectFolderOf('a model of CheXagent', folder, ['config.json']);
  const file = join(folder, 'config.json');
  const config = await readObject<CheXagent2Config>(file, (read) => checkCheXagent2Config(read as CheXagent2Config));
  const expected = cheXagent2Shapes(config);
  const rename = (key: string): string | undefined => (PASSED_OVER.test(key) ? undefined : key);
  const narrow = options.narrow ?? (await mustStayNarrow(file, folder, expected, rename));
  const tokenizer = await loadTokenizer(folder);
  const chat = await loadChatWriter(folder);
  if (!chat) throw new FileError(folder, 'its tokenizer_config.json has no chat_template, which questions are written by');
  const { vocab_size: known = 51200 } = config;
  if (tokenizer.vocabularySize > known)
    throw new FileError(folder, `its tokenizer has ${tokenizer.vocabularySize} tokens, and the language model ${known}`);
  const params = await loadParameters<CheXagent2Params>(folder, { file: 'model', expected, rename, narrow });
  return { config, params, tokenizer, chat };
}
