/** Annotated texts in the form of RadGraph's files (Jain et al. 2021, arXiv:2106.14463). */

import type { AnnotatedText } from './annotate';
import type { Report } from './report';

/** One entity of RadGraph's JSON; token positions are inclusive. */
export interface RadgraphEntity {
  readonly tokens: string;
  readonly label: string;
  readonly start_ix: number;
  readonly end_ix: number;
  readonly relations: readonly (readonly [kind: string, entity: string])[];
}

/** One report of RadGraph's JSON. */
export interface RadgraphReport {
  /** Tokens with spaces between. */
  readonly text: string;
  readonly data_source: string;
  readonly data_split: string;
  readonly entities: Readonly<Record<string, RadgraphEntity>>;
}

/** Texts one after the other as one report of RadGraph's JSON, with entities numbered from 1. */
export function radgraphReport(texts: readonly AnnotatedText[], split: string): RadgraphReport {
  const tokens: string[] = [];
  const entities: Record<string, RadgraphEntity> = {};
  let count = 0;
  for (const { tokens: own, entities: found } of texts) {
    const [firstToken, firstEntity] = [tokens.length, count + 1];
    for (const { start, end, tokens: words, label, relations } of found)
      entities[String(++count)] = {
        tokens: words,
        label,
        start_ix: firstToken + start,
        end_ix: firstToken + end,
        relations: relations.map(({ kind, to }) => [kind, String(firstEntity + to)]),
      };
    tokens.push(...own);
  }
  return { text: tokens.join(' '), data_source: 'phantom', data_split: split, entities };
}

/** A report's FINDINGS and IMPRESSION, which RadGraph annotates together. */
export function radgraphOf({ findings, impression }: Report, split: string): RadgraphReport {
  return radgraphReport([findings, impression], split);
}
