/** Reports as the network's tensors: words, their pieces, their spans, and what is right of them. */

import * as tf from '@tensorflow/tfjs-core';
import type { Tokenizer } from '../../../tokenizers';
import type { RadGraphReport } from '../annotation';
import { type DygieConfig, spansKept } from './config';
import type { ReportTensors } from './forward';
import type { GoldTensors } from './loss';

/** The shape of a batch: words and pieces of its reports at most. */
export interface ReportSize {
  readonly words: number;
  readonly pieces: number;
}

/** The words of a report with the ids of their pieces, as many as fit. */
export interface ReportPieces {
  readonly words: readonly string[];
  readonly pieces: readonly (readonly number[])[];
  /** Pieces with BERT's two marks. */
  readonly length: number;
  /** Words that did not fit. */
  readonly lostWords: number;
}

/** Splits words into pieces, each word alone, as AllenNLP does. */
export function piecesReader(tokenizer: Tokenizer, { max_words, max_pieces }: DygieConfig): (words: readonly string[]) => ReportPieces {
  const known = new Map<string, readonly number[]>();
  const marks = [tokenizer.startId, tokenizer.endId];
  if (marks.includes(undefined)) throw new RangeError("dygie: tokenizer: expected BERT's, whose texts begin and end with a mark");
  const piecesOf = (word: string): readonly number[] => {
    let pieces = known.get(word);
    if (!pieces) {
      pieces = tokenizer.ids(word).slice(1, -1);
      if (known.size > 100_000) known.clear();
      known.set(word, pieces);
    }
    return pieces;
  };
  return (words) => {
    const pieces: (readonly number[])[] = [];
    let length = marks.length;
    for (const word of words) {
      const next = piecesOf(word);
      if (pieces.length === max_words || length + next.length > max_pieces) break;
      pieces.push(next);
      length += next.length;
    }
    return { words: words.slice(0, pieces.length), pieces, length, lostWords: words.length - pieces.length };
  };
}

/** @returns the caller disposes them */
export function reportTensors(
  config: DygieConfig,
  tokenizer: Tokenizer,
  reports: readonly ReportPieces[],
  { words: W, pieces: P }: ReportSize,
): ReportTensors {
  const [B, M, K] = [reports.length, config.max_span_width, spansKept(config, W)];
  const ids = new Int32Array(B * P).fill(tokenizer.padId);
  const mask = new Int32Array(B * P);
  const words = new Float32Array(B * W * P);
  const spans = new Float32Array(B * W * M);
  const kept = new Float32Array(B * K);
  reports.forEach(({ pieces, length }, b) => {
    ids[b * P] = tokenizer.startId!;
    let at = 1;
    pieces.forEach((own, w) => {
      for (const id of own) {
        ids[b * P + at] = id;
        words[(b * W + w) * P + at++] = 1 / own.length;
      }
      spans.fill(1, (b * W + w) * M, (b * W + w) * M + Math.min(M, pieces.length - w));
    });
    ids[b * P + at] = tokenizer.endId!;
    mask.fill(1, b * P, b * P + length);
    kept.fill(1, b * K, b * K + Math.min(K, spansKept(config, pieces.length)));
  });
  return {
    ids: tf.tensor2d(ids, [B, P], 'int32'),
    mask: tf.tensor2d(mask, [B, P], 'int32'),
    words: tf.tensor3d(words, [B, W, P]),
    spans: tf.tensor2d(spans, [B, W * M]),
    kept: tf.tensor2d(kept, [B, K]),
  };
}

/** What of an annotation the network cannot be shown. */
export interface LostGold {
  /** Wider than `max_span_width`, or behind what is read. */
  readonly entities: number;
  readonly relations: number;
}

/** An annotated report as numbers: spans with their class and entity, relations between entities; what is too wide or cut is lost and counted. */
export interface GoldRows {
  readonly spans: readonly { readonly span: number; readonly label: number }[];
  /** Between entities, by their numbers from 1, the kind from 1. */
  readonly relations: readonly (readonly [head: number, tail: number, kind: number])[];
  readonly lost: LostGold;
}

/**
 * @param words how many of the report's are read
 * @throws RangeError where a label is none of the config's
 */
export function goldRows(config: DygieConfig, report: RadGraphReport, words: number): GoldRows {
  const M = config.max_span_width;
  const numberOf = new Map<string, number>();
  const spans: { span: number; label: number }[] = [];
  const bySpan = new Map<number, number>();
  const all = Object.entries(report.entities);
  for (const [key, { start_ix, end_ix, label }] of all) {
    if (end_ix >= words || end_ix - start_ix >= M) continue;
    const span = start_ix * M + (end_ix - start_ix);
    const at = config.entity_labels.indexOf(label) + 1;
    if (at === 0)
      throw new RangeError(`dygie: the label ${JSON.stringify(label)} is none of the network's, ${config.entity_labels.join(', ')}`);
    if (!bySpan.has(span)) bySpan.set(span, spans.push({ span, label: at })); // of two entities of the same words the first
    numberOf.set(key, bySpan.get(span)!);
  }
  const relations = all.flatMap(([key, entity]) =>
    entity.relations.flatMap(([kind, target]): [number, number, number][] => {
      const [head, tail, at] = [numberOf.get(key), numberOf.get(target), config.relation_labels.indexOf(kind) + 1];
      return head === undefined || tail === undefined || at === 0 ? [] : [[head, tail, at]];
    }),
  );
  const total = all.reduce((sum, [, entity]) => sum + entity.relations.length, 0);
  return { spans, relations, lost: { entities: all.length - spans.length, relations: total - relations.length } };
}

/** @param most entities of a report at most @returns the caller disposes them */
export function goldTensors(config: DygieConfig, reports: readonly GoldRows[], words: number, most: number): GoldTensors {
  const [B, S, E] = [reports.length, words * config.max_span_width, most + 1];
  const [labels, entities, relations] = [new Int32Array(B * S), new Int32Array(B * S), new Int32Array(B * E * E)];
  reports.forEach((report, b) => {
    report.spans.forEach(({ span, label }, i) => {
      labels[b * S + span] = label;
      entities[b * S + span] = i + 1;
    });
    for (const [head, tail, kind] of report.relations) relations[(b * E + head) * E + tail] = kind;
  });
  return {
    labels: tf.tensor2d(labels, [B, S], 'int32'),
    entities: tf.tensor2d(entities, [B, S], 'int32'),
    relations: tf.tensor3d(relations, [B, E, E], 'int32'),
  };
}
