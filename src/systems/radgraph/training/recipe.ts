/** Recipes of networks that find entities and relations. Built-in ones are in `data/radgraph`. */

import type { BertConfig } from '../../../encoders';
import { checkSettings, is, optional, type ShapeOf } from '../../../files/internal';
import type { Optimisation } from '../../../training';
import { optimisationShape } from '../../../training/internal';
import { readRecipe } from '../../read-recipe';
import { DYGIE_SIZES, type DygieConfig } from '../network/config';
import type { LossWeights } from '../network/loss';
import type { Tokenisation } from '../schema/tokens';

export interface RadGraphRecipe {
  readonly name: string;
  readonly comment?: string;
  /** How reports are split into words. */
  readonly tokenisation: Tokenisation;
  /** Tokens of a vocabulary made of the training texts; with an encoder that is given, its own is taken. */
  readonly vocabulary_size: number;
  readonly network: Omit<DygieConfig, 'model_type' | 'tokenisation' | 'entity_labels' | 'relation_labels' | 'bert'>;
  /** BERT's; sizes of vocabulary and window follow. Of an encoder that is given, its own is taken. */
  readonly bert: BertConfig;
  readonly dropout: number;
  readonly loss_weights: LossWeights;
  readonly optimisation: Optimisation;
  /** Of the phantom: reports to learn from and to measure on, words with typing errors, sentences in doubt. */
  readonly phantom: { readonly train: number; readonly test: number; readonly typos: number; readonly doubt: number };
  readonly run: { readonly checkpoint_every: number };
}

const fraction = is.number(0, 1);

const RECIPE: ShapeOf<RadGraphRecipe> = {
  name: is.text,
  comment: optional(is.text),
  tokenisation: is.oneOf('radgraph', 'radgraph-xl'),
  vocabulary_size: is.whole(1),
  network: DYGIE_SIZES,
  bert: is.object,
  dropout: is.number(0, 0.99),
  loss_weights: { ner: is.number(0), relation: is.number(0) },
  optimisation: optimisationShape,
  phantom: { train: is.whole(1), test: is.whole(1), typos: fraction, doubt: fraction },
  run: { checkpoint_every: is.whole(1) },
};

/** @throws FileError where there is no such recipe, or one of its keys or values can't be worked with */
export async function loadRadGraphRecipe(nameOrFile: string): Promise<RadGraphRecipe> {
  const { recipe } = await readRecipe<RadGraphRecipe>({ system: 'radgraph', nameOrFile, names: 'phantom, small and paper' }, (read, file) =>
    checkSettings(file, read, RECIPE),
  );
  return recipe;
}
