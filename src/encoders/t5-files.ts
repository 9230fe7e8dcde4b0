/** Folders of T5's encoder, alone or as part of the whole T5. */

import { join } from 'node:path';
import { readObject, writeJson } from '../files';
import { loadParameters, saveParameters } from '../files/internal';
import { type T5Params, t5Shapes } from './t5';
import { completeT5Config, type T5Config } from './t5-config';

export interface T5Model {
  readonly config: T5Config;
  /** The caller disposes it. */
  readonly params: T5Params;
}

/** A model from a file, with what of the file was not read. */
export interface LoadedT5 extends T5Model {
  /** Tensors of the decoder and its head, as the file names them. */
  readonly ignored: readonly string[];
}

const TIED = 'encoder.embed_tokens.weight';

/**
 * Reads a folder of T5EncoderModel, or of a whole T5, of which only the encoder is read.
 *
 * @throws FileError where the config asks for another network than is computed here, or tensors are missing, unexpected or wrongly shaped
 */
export async function loadT5(folder: string, variant?: string): Promise<LoadedT5> {
  const config = await readObject<T5Config>(join(folder, 'config.json'), t5Shapes);
  const ignored: string[] = [];
  const params = await loadParameters<T5Params>(folder, {
    file: 'model',
    variant,
    expected: t5Shapes(config),
    rename: (key, keys) => {
      if (key === TIED) return keys.has('shared.weight') ? undefined : 'shared.weight'; // the same table under a second name
      if (!/^(decoder|lm_head)\./.test(key)) return key;
      ignored.push(key);
      return undefined;
    },
  });
  return { config, params, ignored };
}

/** transformers' class for a config. */
export function t5Class({ model_type }: T5Config): string {
  return model_type === 'mt5' ? 'MT5EncoderModel' : 'T5EncoderModel';
}

/** Writes a folder that transformers' T5EncoderModel.from_pretrained reads. */
export async function saveT5(folder: string, { config, params }: T5Model): Promise<void> {
  completeT5Config(config);
  await saveParameters(folder, 'model', params);
  await writeJson(join(folder, 'config.json'), { ...config, architectures: [t5Class(config)] });
}
