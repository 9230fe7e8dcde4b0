/** What readers are shown: which images, of which records, drawn alike over findings. The same for all readers of a study. */

import type { ImageRecord } from '../../datasets';
import { foldIn, type Key } from '../../engine';
import { permutation } from '../../engine/internal';
import type { Bench } from '../bench';
import { hashOf } from '../hash-of';
import { REAL } from '../image-set';
import type { ReaderScale } from './scales';

/** Items of the paper (section 6.5), and where minutes must do. */
const PAPER = { pairs: 104, texts: 107 } as const;
const QUICK = { pairs: 24, texts: 24 } as const;
/** One real image with its own text for so many synthetic ones: what a perfect model would be given. */
const CONTROLS = 5;

export interface PlanOptions {
  /** Pairs of a real and a synthetic image of each model; 104 by default as in the paper, 24 with the bench's `quick`. */
  readonly pairs?: number;
  /** Synthetic images with their texts of each model; 107 by default as in the paper, 24 with `quick`. A fifth as many real ones come among them. */
  readonly texts?: number;
}

/** One question. */
export interface PlanItem {
  readonly scale: ReaderScale;
  /** The model whose image is judged, or `real`. */
  readonly images: string;
  /** Of the bench's records: the synthetic image is made of its text, and the real one is its own. */
  readonly record: number;
  /** What the record was drawn for: a finding that it shows, `none` where it shows none, `unknown` where it has no labels. */
  readonly finding: string;
}

export interface ReaderPlan {
  /** Of models, data, seed and counts: ratings belong to it. */
  readonly identity: string;
  readonly items: readonly PlanItem[];
  /** What falls short of what was asked for. */
  readonly notes: readonly string[];
}

/**
 * The plan of a bench's models.
 *
 * @throws RangeError where a count is no whole number, or both are 0
 */
export function planReaderStudy(bench: Bench, options: PlanOptions = {}): ReaderPlan {
  const { pairs, texts } = { ...(bench.quick ? QUICK : PAPER), ...options };
  for (const [name, count] of Object.entries({ pairs, texts }))
    if (!Number.isInteger(count) || count < 0) throw new RangeError(`reader study: ${name}: expected a whole number, got ${count}`);
  if (pairs + texts === 0) throw new RangeError('reader study: expected a pair or a text, got none of both');
  const order = balanced(bench.records, bench.test.findings, foldIn(bench.key, 0x7ead));
  const notes: string[] = [];
  const take = (scale: ReaderScale, from: number, count: number, images: readonly string[]): PlanItem[] => {
    const there = Math.min(count, order.length);
    if (there < count) notes.push(`${scale}: ${count} items were asked for, and there are ${there} prompts (--prompts).`);
    const chosen = Array.from({ length: there }, (_, i) => order[(from + i) % order.length]!);
    return images.flatMap((name) => chosen.map((drawn) => ({ scale, images: name, ...drawn })));
  };
  const models = bench.models.map(({ name }) => name);
  const controls = Math.min(Math.round(texts / CONTROLS), order.length);
  const items = [
    ...take('realism', 0, pairs, models),
    ...take('alignment', pairs, texts, models), // other records than those of the pairs, as long as there are
    ...take('alignment', pairs + texts, controls, [REAL]),
  ];
  const source = [
    1,
    bench.models.map(({ name, identity }) => [name, identity]),
    bench.seed,
    bench.size,
    bench.recipe.sampling,
    bench.records.map(({ id, text }) => [id, text]),
    items,
  ];
  return { identity: hashOf(source).slice(0, 32), items, notes };
}

/** All records, in an order in which each finding comes in turn, the rarest first, so that any beginning of it is as balanced as can be. */
function balanced(records: readonly ImageRecord[], findings: readonly string[], key: Key): Pick<PlanItem, 'record' | 'finding'>[] {
  const shuffled = Array.from(permutation(key, records.length));
  const groups = new Map<string, number[]>([...findings, 'none', 'unknown'].map((name) => [name, []]));
  for (const record of shuffled) {
    const { labels } = records[record]!;
    const shown = findings.filter((finding) => labels[finding] === 1);
    const places = shown.length > 0 ? shown : [findings.some((finding) => labels[finding] === 0) ? 'none' : 'unknown'];
    for (const name of places) groups.get(name)!.push(record);
  }
  const queues = [...groups].sort(([, a], [, b]) => a.length - b.length);
  const used = new Set<number>();
  const out: Pick<PlanItem, 'record' | 'finding'>[] = [];
  while (used.size < records.length)
    for (const [finding, queue] of queues) {
      while (queue.length > 0 && used.has(queue[0]!)) queue.shift();
      const record = queue.shift();
      if (record === undefined) continue;
      used.add(record);
      out.push({ record, finding });
    }
  return out;
}
