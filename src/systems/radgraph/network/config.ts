/** What a network that finds entities and relations is like: sizes, labels, how it reads. */

import type { BertConfig } from '../../../encoders';
import { completeBertConfig } from '../../../encoders/internal';
import { checkSettings, is, type ShapeOf } from '../../../files/internal';
import { labelMeaning, relationKinds } from '../schema/labels';
import type { Tokenisation } from '../schema/tokens';

/** DyGIE++'s heads (Wadden et al. 2019, arXiv:1909.03546) on a BERT, with the names that its own configs have. */
export interface DygieConfig {
  readonly model_type: 'dygie';
  /** How reports are split into words. */
  readonly tokenisation: Tokenisation;
  readonly entity_labels: readonly string[];
  readonly relation_labels: readonly string[];
  /** Words of an entity at most. */
  readonly max_span_width: number;
  /** Length of the vector that stands for a span's width. */
  readonly feature_size: number;
  /** Widths of the two layers of each head. */
  readonly hidden_dims: readonly [number, number];
  /** Spans for each word that relations are looked for between. */
  readonly spans_per_word: number;
  /** Words and pieces of words that are read of a report, BERT's two marks among the pieces; the rest is cut and counted. */
  readonly max_words: number;
  readonly max_pieces: number;
  /** Model type `bert`. */
  readonly bert: BertConfig;
}

const size = is.whole(1, 100_000);

/** What of a config a recipe chooses; the rest follows from labels and tokens. */
export const DYGIE_SIZES: ShapeOf<
  Pick<DygieConfig, 'max_span_width' | 'feature_size' | 'hidden_dims' | 'spans_per_word' | 'max_words' | 'max_pieces'>
> = {
  max_span_width: is.whole(1, 32),
  feature_size: size,
  hidden_dims: is.list(size, 2, 2),
  spans_per_word: is.number(0.01, 32),
  max_words: is.whole(2, 10_000),
  max_pieces: is.whole(4, 10_000),
};

const SHAPE: ShapeOf<DygieConfig> = {
  model_type: is.oneOf('dygie'),
  tokenisation: is.oneOf('radgraph', 'radgraph-xl'),
  entity_labels: is.list(is.text, 1, 64),
  relation_labels: is.list(is.text, 1, 64),
  ...DYGIE_SIZES,
  bert: is.object,
};

/** @throws RangeError naming what of the config can't be worked with */
export function checkDygieConfig(config: DygieConfig): void {
  checkSettings('dygie', config, SHAPE);
  const bert = completeBertConfig(config.bert);
  if (bert.model_type !== 'bert') throw new RangeError(`dygie: bert.model_type: expected bert, got ${bert.model_type}`);
  if (config.max_pieces > bert.max_position_embeddings)
    throw new RangeError(`dygie: max_pieces is ${config.max_pieces}, and BERT reads ${bert.max_position_embeddings}`);
  for (const label of config.entity_labels)
    if (labelMeaning(label) === undefined) throw new RangeError(`dygie: entity_labels: ${JSON.stringify(label)} is no class of RadGraph`);
  for (const kind of config.relation_labels)
    if (!relationKinds.includes(kind))
      throw new RangeError(`dygie: relation_labels: ${JSON.stringify(kind)} is none of ${relationKinds.join(', ')}`);
}

/** Spans that relations are looked for between, of a report of so many words. */
export const spansKept = ({ spans_per_word }: Pick<DygieConfig, 'spans_per_word'>, words: number): number =>
  Math.max(1, Math.ceil(words * spans_per_word));
