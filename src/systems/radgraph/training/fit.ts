/** A recipe's network: data, tokenizer, training, and the folder that it leaves. */

import type { BertParams } from '../../../encoders';
import { completeBertConfig, loadTextEncoderModel } from '../../../encoders/internal';
import { dispose, type Tree } from '../../../engine';
import { FileError } from '../../../files';
import { loadTokenizer, type Tokenizer } from '../../../tokenizers';
import { wordVocabulary } from '../../../tokenizers/internal';
import type { TrainResult } from '../../../training';
import type { RadGraphReport } from '../annotation';
import { phantomGold } from '../gold/phantom-gold';
import { checkDygieConfig, type DygieConfig } from '../network/config';
import { saveRadGraph } from '../network/files';
import type { DygieParams } from '../network/params';
import { labelMeaning, radGraphLabels, relationKinds } from '../schema/labels';
import type { RadGraphRecipe } from './recipe';
import { type TrainRadGraphOptions, trainRadGraph } from './train';

/** Patients of the phantom to learn from, and others to measure on. */
export const GOLD_SEEDS = { train: 21, test: 22 } as const;

/** The recipe's reports of the phantom to learn from, a section each: in the grammar's words and in some others. */
export async function goldToLearn({ phantom }: RadGraphRecipe): Promise<RadGraphReport[]> {
  const { train: count, typos, doubt } = phantom;
  const documents = await phantomGold({
    count,
    seed: GOLD_SEEDS.train,
    style: 'section',
    wording: 'training',
    typos,
    doubt,
    split: 'train',
  });
  return documents.map(({ annotations: [report] }) => report!);
}

/** A network before it trains: its config and tokenizer, and the BERT that it starts from where one is given. */
export interface StartOfTraining {
  readonly config: DygieConfig;
  readonly tokenizer: Tokenizer;
  /** The caller disposes it. */
  readonly bert?: BertParams;
}

/**
 * @param reports to learn from: the vocabulary is made of their texts
 * @param encoder folder of a BERT to start from
 * @throws FileError where the encoder is no BERT; RangeError where sizes do not fit
 */
export async function startOfTraining(
  recipe: RadGraphRecipe,
  reports: readonly RadGraphReport[],
  encoder?: string,
): Promise<StartOfTraining> {
  const { network, tokenisation, vocabulary_size: vocabularySize } = recipe;
  const labels = labelsOf(reports);
  const rest = { model_type: 'dygie', tokenisation, ...labels, ...network } as const;
  if (encoder === undefined) {
    const tokenizer = wordVocabulary(
      reports.map(({ text }) => text),
      { vocabularySize, maxLength: network.max_pieces },
    );
    const fitted = { vocab_size: tokenizer.vocabularySize, pad_token_id: tokenizer.padId, max_position_embeddings: network.max_pieces };
    const config: DygieConfig = { ...rest, bert: { ...recipe.bert, ...fitted, model_type: 'bert' } };
    checkDygieConfig(config);
    return { config, tokenizer };
  }
  const tokenizer = await loadTokenizer(encoder);
  const model = await loadTextEncoderModel(encoder);
  const bertConfig = model.config as DygieConfig['bert'];
  try {
    if (bertConfig.model_type !== 'bert') throw new FileError(encoder, 'is no BERT, which the network is built on');
    const { pooler: _, ...bert } = model.params as BertParams;
    dispose(_ as Tree | undefined);
    const pieces = Math.min(network.max_pieces, completeBertConfig(bertConfig).max_position_embeddings);
    const config: DygieConfig = { ...rest, max_pieces: pieces, bert: bertConfig };
    checkDygieConfig(config);
    return { config, tokenizer, bert };
  } catch (error) {
    dispose(model.params as Tree);
    throw error;
  }
}

/** The classes that reports have: RadGraph's in its order, whether each occurs or not; others as they come. */
function labelsOf(reports: readonly RadGraphReport[]): Pick<DygieConfig, 'entity_labels' | 'relation_labels'> {
  const found = new Set(reports.flatMap(({ entities }) => Object.values(entities).map(({ label }) => label)));
  const own = [...found].every((label) => (radGraphLabels as readonly string[]).includes(label));
  const all = own ? [...radGraphLabels] : [...found].sort();
  return { entity_labels: all.filter((label) => labelMeaning(label) !== undefined), relation_labels: [...relationKinds] };
}

/**
 * Trains and, unless it was interrupted, writes the network's folder, which `loadRadGraph` opens.
 *
 * @returns the caller disposes the parameters
 */
export async function fitRadGraph(
  recipe: RadGraphRecipe,
  { config, tokenizer, bert }: StartOfTraining,
  folder: string,
  options: Pick<TrainRadGraphOptions, 'reports' | 'key' | 'signal' | 'onLost' | 'onStart' | 'onStep' | 'checkpoints'>,
): Promise<TrainResult<DygieParams>> {
  const { optimisation, dropout, loss_weights: lossWeights } = recipe;
  const result = await trainRadGraph({ config, tokenizer, optimisation, dropout, lossWeights, ...(bert && { bert }), ...options });
  if (!result.interrupted) await saveRadGraph(folder, { config, params: result.params, tokenizer });
  return result;
}
