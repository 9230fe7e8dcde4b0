/** A bench without models, of phantom images: for evaluations of real images, and for those that are handed what they measure. */

import { openPhantom } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import type { Bench } from 'roentgen-lab/evaluation';
import { loadRecipe, overrideRecipe } from 'roentgen-lab/experiments';

export async function phantomBench(out: string, counts: { readonly train: number; readonly test: number }, size = 32): Promise<Bench> {
  const train = openPhantom({ seed: 1, count: counts.train, cache: false });
  const test = openPhantom({ seed: 2, count: counts.test, cache: false });
  return {
    models: [],
    train,
    test,
    records: Array.from({ length: test.length }, (_, i) => test.record(i)),
    data: 'phantom',
    out,
    size,
    recipe: overrideRecipe(await loadRecipe('smoke'), { size }),
    seed: 1,
    key: key(1),
    quick: true,
    networks: {},
    progress: () => undefined,
    note: () => undefined,
  };
}
