/** The folder of CheXagent-2-3b: config, weights in one file or several, the tokenizer and its template of dialogues. */

import { join } from 'node:path';
import type { ChatWriter } from '../../../decoders';
import { loadChatWriter } from '../../../decoders/internal';
import { expectParametersFit } from '../../../experiments/internal';
import { checkContent, FileError, readObject } from '../../../files';
import { expectFolderOf, loadParameters } from '../../../files/internal';
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
export async function loadCheXagent2(folder: string): Promise<CheXagent2Model> {
  expectFolderOf('a model of CheXagent', folder, ['config.json']);
  const file = join(folder, 'config.json');
  const config = await readObject<CheXagent2Config>(file, (read) => checkCheXagent2Config(read as CheXagent2Config));
  const expected = cheXagent2Shapes(config);
  checkContent(file, () => expectParametersFit('chexagent-2', expected));
  const tokenizer = await loadTokenizer(folder);
  const chat = await loadChatWriter(folder);
  if (!chat) throw new FileError(folder, 'its tokenizer_config.json has no chat_template, which questions are written by');
  const { vocab_size: known = 51200 } = config;
  if (tokenizer.vocabularySize > known)
    throw new FileError(folder, `its tokenizer has ${tokenizer.vocabularySize} tokens, and the language model ${known}`);
  const params = await loadParameters<CheXagent2Params>(folder, {
    file: 'model',
    expected,
    rename: (key) => (PASSED_OVER.test(key) ? undefined : key),
  });
  return { config, params, tokenizer, chat };
}
