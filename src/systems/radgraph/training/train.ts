/** Training a network on annotated reports, end to end (Wadden et al. 2019, arXiv:1909.03546, section 4). */

import * as tf from '@tensorflow/tfjs-core';
import type { BertParams } from '../../../encoders';
import { cloneTree, dispose, foldIn, type Key, scope, split, uniformArray } from '../../../engine';
import type { Tokenizer } from '../../../tokenizers';
import { type Optimisation, type TrainResult, train, type Watched } from '../../../training';
import { dataOrder } from '../../../training/internal';
import type { RadGraphReport } from '../annotation';
import type { DygieConfig } from '../network/config';
import { type GoldRows, goldRows, goldTensors, piecesReader, type ReportPieces, reportTensors } from '../network/encode';
import { dygie, type ReportTensors } from '../network/forward';
import { dygieLoss, type GoldTensors, type LossWeights } from '../network/loss';
import { type Dropped, type DygieParams, initDygie, initHeads } from '../network/params';
import { tokensOf } from '../schema/tokens';

/** What of the reports the network cannot learn from. */
export interface LostInTraining {
  readonly reports: number;
  /** Reports longer than what is read, and the words behind it. */
  readonly cut: number;
  readonly words: number;
  /** Wider than `max_span_width`, or behind what is read; relations from or to them. */
  readonly entities: number;
  readonly relations: number;
}

/** Sentences where something is lost; none where nothing is. */
export function lostNotes(
  { reports, cut, words, entities, relations }: LostInTraining,
  { max_span_width, max_words }: DygieConfig,
): string[] {
  return [
    ...(cut > 0
      ? [`${cut} of ${reports} reports are longer than ${max_words} words or their pieces and are cut; ${words} words are lost.`]
      : []),
    ...(entities > 0
      ? [
          `${entities} entities are wider than ${max_span_width} words or lie where reports are cut: they are lost, and ${relations} relations with them.`,
        ]
      : []),
  ];
}

export interface TrainRadGraphOptions extends Watched {
  readonly config: DygieConfig;
  readonly tokenizer: Tokenizer;
  readonly reports: readonly RadGraphReport[];
  readonly optimisation: Optimisation;
  /** Of the heads' units, a fraction below 1; those of a report are dropped for all of its spans. */
  readonly dropout: number;
  readonly lossWeights: LossWeights;
  readonly key: Key;
  /** A BERT to start from, borrowed; without it random weights. */
  readonly bert?: BertParams;
  /** Called once before training. */
  readonly onLost?: (lost: LostInTraining) => void;
}

type Batch = { reports: ReportTensors; gold: GoldTensors; dropped?: Dropped };

/**
 * Trains BERT and heads together. Logged beside the loss: `entities` and `relations`, its two sums.
 *
 * @returns the caller disposes the parameters
 * @throws RangeError where there is no report, or one has a label that is none of the config's
 */
export async function trainRadGraph(options: TrainRadGraphOptions): Promise<TrainResult<DygieParams>> {
  const { config, tokenizer, optimisation, lossWeights, dropout } = options;
  const [initial, ordering, dropping] = split(options.key, 3) as [Key, Key, Key];
  const { pieces, gold } = learnable(options);
  const most = Math.max(1, ...gold.map(({ spans }) => spans.length));
  const size = { words: config.max_words, pieces: config.max_pieces };
  const order = dataOrder(ordering, pieces.length, optimisation.batch_size);
  const batch = (index: number): Batch => {
    const rows = [...order(index)];
    return {
      reports: reportTensors(
        config,
        tokenizer,
        rows.map((row) => pieces[row]!),
        size,
      ),
      gold: goldTensors(
        config,
        rows.map((row) => gold[row]!),
        size.words,
        most,
      ),
      ...(dropout > 0 && { dropped: drawDropped(config, rows.length, dropout, foldIn(dropping, index)) }),
    };
  };
  const params = options.bert ? { ...initHeads(config, initial), bert: cloneTree(options.bert) } : initDygie(config, initial);
  const { signal, onStart, onStep, checkpoints } = options;
  try {
    return await train<DygieParams, Batch>({
      params,
      handOver: true,
      batch,
      optimisation,
      loss: (trained, inputs) =>
        scope(() => {
          const scores = dygie(config, trained, inputs.reports, inputs.dropped);
          const { loss, entityLoss, relationLoss } = dygieLoss(scores, inputs.reports, inputs.gold, lossWeights);
          return { loss, aux: { entities: entityLoss, relations: relationLoss } };
        }),
      ...(signal && { signal }),
      ...(onStart && { onStart }),
      ...(onStep && { onStep }),
      ...(checkpoints && { checkpoints }),
    });
  } finally {
    dispose(params);
  }
}

/** The reports as numbers; what of them is lost is told. */
function learnable({ config, tokenizer, reports, onLost }: TrainRadGraphOptions): { pieces: ReportPieces[]; gold: GoldRows[] } {
  const read = piecesReader(tokenizer, config);
  const pieces = reports.map(({ text }) => read(tokensOf(text)));
  const gold = reports.map((report, i) => goldRows(config, report, pieces[i]!.words.length));
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  onLost?.({
    reports: reports.length,
    cut: pieces.filter(({ lostWords }) => lostWords > 0).length,
    words: sum(pieces.map(({ lostWords }) => lostWords)),
    entities: sum(gold.map(({ lost }) => lost.entities)),
    relations: sum(gold.map(({ lost }) => lost.relations)),
  });
  return { pieces, gold };
}

/** Which units are switched off: factors 0, and 1 / (1 - rate) for those that stay. */
function drawDropped({ hidden_dims }: DygieConfig, batch: number, rate: number, key: Key): Dropped {
  const keys = split(key, 6);
  const factors = (layer: number, at: number): tf.Tensor2D => {
    const width = hidden_dims[layer]!;
    const drawn = uniformArray(keys[at]!, batch * width);
    return tf.tensor2d(
      drawn.map((value) => (value < rate ? 0 : 1 / (1 - rate))),
      [batch, width],
    );
  };
  const head = (at: number): tf.Tensor2D[] => [factors(0, 2 * at), factors(1, 2 * at + 1)];
  return { entity: head(0), pruner: head(1), relation: head(2) };
}
