/** Any model that is asked about radiographs, by its folder. */

import { join } from 'node:path';
import type { LoadLanguageModelOptions } from '../decoders';
import type { Tree } from '../engine';
import { FileError, readObject } from '../files';
import { expectFolderOf } from '../files/internal';
import type { AskedModel } from './asking/network';
import { loadCheXagent } from './chexagent/network/files';
import { askedCheXagent } from './chexagent/network/model';
import { isOfCheXagent2 } from './chexagent/network-2/config';
import { loadCheXagent2 } from './chexagent/network-2/files';
import { askedCheXagent2 } from './chexagent/network-2/model';
import { loadCxrLlava } from './cxr-llava/network/files';
import { askedCxrLlava } from './cxr-llava/network/model';

/**
 * A model of `roentgen cxr-llava train` or `roentgen chexagent train`, or a published one of these families.
 *
 * @param options whether matrices stay in the 16 bits of their files
 * @returns the caller disposes its parameters
 * @throws FileError where the folder holds none, or one that does not fit into the memory that is free
 */
export async function openAsked(folder: string, options: LoadLanguageModelOptions = {}): Promise<AskedModel> {
  expectFolderOf('a model that is asked about radiographs', folder, ['config.json']);
  const file = join(folder, 'config.json');
  const read = await readObject<{ readonly model_type?: unknown }>(file, () => undefined);
  const { model_type } = read;
  if (model_type === 'CXR-LLAVA') {
    const { config, params, tokenizer, chat } = await loadCxrLlava(folder, options);
    return { network: askedCxrLlava(config, chat), params: params as Tree, tokenizer };
  }
  if (model_type === 'chexagent' && isOfCheXagent2(read)) {
    const { config, params, tokenizer, chat } = await loadCheXagent2(folder, options);
    return { network: askedCheXagent2(config, chat), params: params as Tree, tokenizer };
  }
  if (model_type === 'chexagent') {
    const { config, preprocessing, params, tokenizer } = await loadCheXagent(folder, options);
    return { network: askedCheXagent(config, preprocessing, tokenizer), params: params as Tree, tokenizer };
  }
  throw new FileError(file, `its model_type is ${JSON.stringify(model_type)}; expected "CXR-LLAVA" or "chexagent"`);
}
