/** Folders of BERT and the RoBERTa family, with the key names of published checkpoints: bare, or those of a model with a head. */

import { join } from 'node:path';
import { readObject, writeJson } from '../files';
import { loadParameters, saveParameters } from '../files/internal';
import { type BertParams, bertShapes } from './bert';
import { type BertConfig, type BertModelType, completeBertConfig } from './bert-config';

export interface BertModel {
  readonly config: BertConfig;
  /** The caller disposes it. */
  readonly params: BertParams;
}

/** A model from a file, with what of the file was not read. */
export interface LoadedBert extends BertModel {
  /** Tensors of heads for masked words, classes or answers, as the file names them. */
  readonly ignored: readonly string[];
}

/** The heads of transformers' BERT and RoBERTa classes. */
const HEAD = /^(cls|lm_head|classifier|qa_outputs)\./;
/** Tables 0, 1, 2 … and 0, 0, 0 … that old files list. */
const BUFFER = /^embeddings\.(position_ids|token_type_ids)$/;

/**
 * The tree's name of a key in a published file, or undefined for one that is not read: without the prefix of models with a head, and the
 * original's names of norms.
 */
export function bertKey(fileKey: string): string | undefined {
  const key = fileKey.replace(/^(bert|roberta)\./, '');
  if (HEAD.test(key) || BUFFER.test(key)) return undefined;
  return key.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias');
}

/** Whether a tree's keys are those of a BERT with its pooler. */
export const hasPooler = (keys: ReadonlySet<string>): boolean => [...keys].some((key) => key.startsWith('pooler.'));

/**
 * Reads the parameters of a BERT; a pooler where the file has one.
 *
 * @param file stem of the file
 * @param name the tree's key for a file's, or undefined
 * @throws FileError where the config asks for another network than is computed here, or tensors are missing, unexpected or wrongly shaped
 */
export async function readBert(
  folder: string,
  file: string,
  config: BertConfig,
  name: (key: string) => string | undefined,
  variant?: string,
): Promise<LoadedBert> {
  completeBertConfig(config);
  const ignored: string[] = [];
  const params = await loadParameters<BertParams>(folder, {
    file,
    variant,
    expected: (keys) => bertShapes(config, { pooler: hasPooler(keys) }),
    rename: (key) => {
      const treeKey = name(key);
      if (treeKey === undefined && !BUFFER.test(key.replace(/^.*embeddings\./, 'embeddings.'))) ignored.push(key);
      return treeKey;
    },
  });
  return { config, params, ignored };
}

/**
 * Reads a folder of BertModel, RobertaModel or XLMRobertaModel, also as part of a model with a head.
 *
 * @throws FileError where the config asks for another network than is computed here, or tensors are missing, unexpected or wrongly shaped
 */
export async function loadBert(folder: string, variant?: string): Promise<LoadedBert> {
  return await readBert(folder, 'model', await readObject<BertConfig>(join(folder, 'config.json'), completeBertConfig), bertKey, variant);
}

const CLASSES: Readonly<Record<BertModelType, string>> = { bert: 'BertModel', roberta: 'RobertaModel', 'xlm-roberta': 'XLMRobertaModel' };

/** transformers' class for a config. */
export function bertClass({ model_type }: BertConfig): string {
  return CLASSES[model_type];
}

/** Writes a folder that transformers' from_pretrained reads. */
export async function saveBert(folder: string, { config, params }: BertModel): Promise<void> {
  completeBertConfig(config);
  await saveParameters(folder, 'model', params);
  await writeJson(join(folder, 'config.json'), { ...config, architectures: [bertClass(config)] });
}
