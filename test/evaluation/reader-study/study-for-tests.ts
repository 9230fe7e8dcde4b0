/** A bench of invented records, and a page with plain images: for tests of the study without a model. */
import type { Dataset, ImageRecord } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import type { Bench } from 'roentgen-lab/evaluation';
import { type PlanOptions, planReaderStudy } from '#evaluation/reader-study/plan';
import { openRatings } from '#evaluation/reader-study/ratings';
import { readerList } from '#evaluation/reader-study/reader-list';
import { readerScales, scaleWords } from '#evaluation/reader-study/scales';
import { type ServedPage, type ServeOptions, serveReaderStudy } from '#evaluation/reader-study/server';
import { encodePng } from '#files/internal';

export const findings: readonly string[] = ['edema', 'fracture', 'nodule'];
/** Markup where a text is expected. */
export const hostile = '<img src=x onerror="document.title=1"> & "quoted"';

/** 40 records: half show edema, every eighth a fracture, every tenth a nodule. */
export function records(count = 40): ImageRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `secret-id-${i}`,
    patient: `p${i}`,
    text: i % 4 === 3 ? hostile : `Text ${i}.`,
    labels: { edema: (i % 2) as 0 | 1, fracture: Number(i % 8 === 0) as 0 | 1, nodule: Number(i % 10 === 0) as 0 | 1 },
    sides: {},
  }));
}

/** @param out where ratings go */
export function benchOf(out: string, models: readonly string[] = ['secret-model']): Bench {
  const all = records();
  const test = { name: 'invented', credit: '', findings, length: all.length, record: (i: number) => all[i]! } as unknown as Dataset;
  return {
    models: models.map((name) => ({ name, folder: name, identity: name })),
    train: test,
    test,
    records: all,
    data: '/invented',
    out,
    size: 8,
    recipe: { sampling: {} },
    seed: 1,
    key: key(1),
    quick: false,
    networks: {},
    progress: () => undefined,
    note: () => undefined,
  } as unknown as Bench;
}

/** A page of a reader, with ratings in `folder`. */
export async function servePage(
  folder: string,
  reader: string,
  counts: PlanOptions = { pairs: 6, texts: 5 },
  options: ServeOptions = {},
): Promise<ServedPage & { readonly ids: readonly string[]; readonly images: readonly string[]; close(): Promise<void> }> {
  const bench = benchOf(folder);
  const plan = planReaderStudy(bench, counts);
  const list = readerList(plan, reader);
  const ratings = await openRatings(folder, reader);
  const page = await serveReaderStudy(
    {
      reader,
      list,
      ratings,
      parts: readerScales.map((scale) => ({ scale, ...scaleWords[scale] })),
      beside: ({ item, scale }) => (scale === 'alignment' ? { text: bench.records[plan.items[item]!.record]!.text } : {}),
      png: ({ item }, side) => encodePng({ width: 8, height: 8, channels: 1, data: new Uint8Array(64).fill((item * 7 + side) % 256) }),
    },
    options,
  );
  return {
    ...page,
    ids: list.map(({ id }) => id),
    images: list.flatMap(({ images }) => images),
    async close() {
      await page.close();
      await ratings.close();
    },
  };
}
