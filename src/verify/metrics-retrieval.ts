/** Perplexity and retrieval against torchmetrics. */

import { join } from 'node:path';
import { readSafetensors } from '../files';
import { meanSurprise, perplexity, type Ranking, ranking, ranksOfPairs } from '../metrics';
import type { Checker, Measure } from './checker';
import { absolute, exact, relative, unsupported } from './measure';
import { fileChecker } from './one-file';

const TOLERANCE = 1e-5;

interface PerplexityCase {
  readonly target: readonly (readonly number[])[];
  readonly ignore_index: number;
  readonly perplexity_torchmetrics: number;
  readonly mean_nll: number;
}

async function* checkPerplexity(spec: PerplexityCase, folder: string): AsyncGenerator<Measure> {
  const { logits } = await readSafetensors(join(folder, 'perplexity.safetensors'));
  const targets = spec.target.flat();
  yield relative('perplexity', perplexity(logits!.data, targets, spec.ignore_index), spec.perplexity_torchmetrics, TOLERANCE);
  yield relative('mean negative log-likelihood', meanSurprise(logits!.data, targets, spec.ignore_index), spec.mean_nll, TOLERANCE);
}

interface RetrievalCase {
  readonly similarity: readonly (readonly number[])[];
  readonly matching_pair: { readonly rank: readonly number[] } & Readonly<Record<string, number>>;
  readonly groups: readonly number[];
  readonly by_group: {
    readonly queries: readonly ({ readonly query: number } & Readonly<Record<string, number>>)[];
    readonly mean: Readonly<Record<string, number>>;
  };
}

/** What is asked of a query: by all that is relevant, and by what of it has a score above 0. */
interface Asked {
  readonly all: Ranking;
  readonly above: Ranking;
  /** How many are relevant, whatever they score. */
  readonly relevant: number;
}

/**
 * A measure by torchmetrics' name, such as `recall@5`. Its recall, precision, average precision and reciprocal rank find nothing that does not
 * score above 0; recall still divides by all that is relevant. Hit rate, R-precision and discounted gain go by the order alone.
 */
function measured({ all, above, relevant }: Asked, name: string): number | undefined {
  const [what, cut] = name.split('@') as [string, string | undefined];
  const k = cut === undefined ? undefined : Number(cut);
  if (what === 'ndcg') return all.ndcg(k);
  if (k === undefined)
    return ({ r_precision: all.rPrecision, average_precision: above.averagePrecision, reciprocal_rank: above.reciprocalRank } as Values)[
      what
    ];
  const precision = above.precision(k);
  return ({ recall: relevant > 0 ? (precision * k) / relevant : 0, precision, hit_rate: all.hit(k) } as Values)[what];
}

type Values = Readonly<Record<string, number | undefined>>;

function* checkRetrieval({ similarity, matching_pair, groups, by_group }: RetrievalCase): Generator<Measure> {
  const ranks = ranksOfPairs(similarity);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  yield exact('ranks of the right answers', ranks, matching_pair.rank);
  const sorted = [...ranks].sort((a, b) => a - b);
  const middle = [sorted[(sorted.length - 1) >> 1]!, sorted[sorted.length >> 1]!];
  for (const [name, want] of Object.entries(matching_pair)) {
    if (typeof want !== 'number') continue;
    const cut = /^recall@(\d+)$/.exec(name)?.[1];
    const got = { median_rank: mean(middle), mean_reciprocal_rank: mean(ranks.map((rank) => 1 / rank)) }[name];
    const value = cut === undefined ? got : mean(ranks.map((rank) => Number(rank <= Number(cut))));
    yield value === undefined ? unsupported(name) : relative(name, value, want, TOLERANCE);
  }
  const results = similarity.map((row, i) => {
    const others = row.map((_, j) => j).filter((j) => j !== i);
    const scores = others.map((j) => row[j]!);
    const relevant = others.map((j) => Number(groups[j] === groups[i]));
    const above = relevant.map((one, j) => (scores[j]! > 0 ? one : 0));
    return {
      all: ranking(scores, relevant),
      above: ranking(scores, above),
      relevant: relevant.reduce((sum, one) => sum + one, 0),
    };
  });
  const { queries } = by_group;
  for (const [name, want] of Object.entries(by_group.mean)) {
    const got = queries.map(({ query }) => measured(results[query]!, name));
    if (got.includes(undefined)) yield unsupported(name);
    else {
      yield absolute(
        `${name} of each query`,
        got as number[],
        queries.map((query) => query[name]!),
        TOLERANCE,
      );
      yield absolute(`${name}, mean`, [mean(got as number[])], [want], TOLERANCE);
    }
  }
}

export const metricsRetrievalChecker: Checker = fileChecker('metrics', { perplexity: checkPerplexity, retrieval: checkRetrieval });
