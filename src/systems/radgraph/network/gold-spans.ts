/** Relations where the entities are given: what a network's relations are worth without the mistakes of its entities. */

import * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose } from '../../../engine';
import { nextTurn } from '../../../engine/internal';
import type { RadGraphEntity, RadGraphReport } from '../annotation';
import { tokensOf } from '../schema/tokens';
import { spansKept } from './config';
import { strongest } from './decode';
import { piecesReader, reportTensors } from './encode';
import { type ReportTensors, relationsBetween } from './forward';
import type { DygieParams } from './params';
import type { AnnotateOptions, DygieModel } from './reader';

const BATCH = 32;

/**
 * Reports with their own entities and the relations that the network sees between them. Entities that lie behind the network's window, or are wider than its spans or
 * more than those that it compares, have none.
 *
 * @throws the signal's reason where it was raised
 */
export async function relationsOfGold(
  { config, params, tokenizer }: DygieModel,
  reports: readonly RadGraphReport[],
  { signal }: Pick<AnnotateOptions, 'signal'> = {},
): Promise<RadGraphReport[]> {
  const read = piecesReader(tokenizer, config);
  const [M, K] = [config.max_span_width, spansKept(config, config.max_words)];
  const kinds = config.relation_labels;
  const network = compileNetwork((weights: DygieParams, tensors: ReportTensors, spans: tf.Tensor2D) => ({
    scores: relationsBetween(config, weights, tensors, spans),
  }));
  const out: RadGraphReport[] = [];
  try {
    for (let from = 0; from < reports.length; from += BATCH) {
      signal?.throwIfAborted();
      const some = Array.from({ length: BATCH }, (_, i) => reports[from + i]);
      const pieces = some.map((report) => read(report ? tokensOf(report.text) : []));
      const given = some.map((report, i) =>
        Object.entries(report?.entities ?? {})
          .filter(([, { start_ix, end_ix }]) => end_ix < pieces[i]!.words.length && end_ix - start_ix < M)
          .slice(0, K),
      );
      const spans = new Int32Array(BATCH * K);
      given.forEach((entities, b) => {
        entities.forEach(([, { start_ix, end_ix }], k) => {
          spans[b * K + k] = start_ix * M + end_ix - start_ix;
        });
      });
      const inputs = {
        reports: reportTensors(config, tokenizer, pieces, { words: config.max_words, pieces: config.max_pieces }),
        spans: tf.tensor2d(spans, [BATCH, K], 'int32'),
      };
      const { scores } = network(params, inputs.reports, inputs.spans);
      const values = scores.dataSync() as Float32Array;
      dispose(inputs, scores);
      for (let b = 0; b < BATCH && from + b < reports.length; b++) {
        const relationsOf = (head: number): [string, string][] =>
          given[b]!.flatMap(([target], tail): [string, string][] => {
            const { at } = strongest(values, ((b * K + head) * K + tail) * kinds.length, kinds.length);
            return at < 0 || head === tail ? [] : [[kinds[at]!, target]];
          });
        const seen = new Map(given[b]!.map(([name], head) => [name, relationsOf(head)]));
        const entities = Object.entries(some[b]!.entities).map(([name, entity]): [string, RadGraphEntity] => [
          name,
          { ...entity, relations: seen.get(name) ?? [] },
        ]);
        out.push({ ...some[b]!, entities: Object.fromEntries(entities) });
      }
      await nextTurn();
    }
    return out;
  } finally {
    network.dispose();
  }
}
