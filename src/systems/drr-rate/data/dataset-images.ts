/** The images of a data set: DRR-RATE's tree, or radiographs of any collection with labels. */

import { type Dataset, pixelRows, splitByPatient, subset } from '../../../datasets';
import { recordsOf } from '../../../datasets/internal';
import { key } from '../../../engine';
import { type Domain, recordLabels } from '../labels';
import type { DomainImages, DomainParts, OpenImagesOptions } from './domain-images';

/** Of the patients, where the publishers put none aside. */
const TEST = 0.2;

const LATERAL = /lat|^ll$/i;

/**
 * Both parts of a data set: the publishers' training part, and what they put aside (DRR-RATE's `valid`, others' test or validation part); else some patients.
 *
 * @throws RangeError where a part has no frontal image, or lateral ones are wanted and there are none
 */
export async function datasetImages(dataset: Dataset, domain: Domain, options: OpenImagesOptions): Promise<DomainParts> {
  const splits = recordsOf(dataset).map(({ split }) => split);
  const rows = (of: (split: (typeof splits)[number]) => boolean): Int32Array =>
    Int32Array.from(splits.flatMap((split, i) => (of(split) ? [i] : [])));
  const aside = splits.includes('test') ? 'test' : 'validate';
  const [train, test] =
    splits.includes('train') && splits.includes(aside)
      ? [
          subset(
            dataset,
            rows((split) => split === 'train'),
          ),
          subset(
            dataset,
            rows((split) => split === aside),
          ),
        ]
      : Object.values(splitByPatient(dataset, { testFraction: TEST, key: key(0) }));
  return { train: await imagesOf(train!, domain, options), test: await imagesOf(test!, domain, options) };
}

async function imagesOf(
  dataset: Dataset,
  domain: Domain,
  { size, lateral = false, onNote, ...reading }: OpenImagesOptions,
): Promise<DomainImages> {
  const records = recordsOf(dataset);
  const isLateral = records.map(({ view = '' }) => LATERAL.test(view));
  const name = (i: number): string => records[i]!.id.replace(/-[^-]*$/, ''); // DRR-RATE's ids end with the view
  const beside = new Map(records.flatMap((_, i) => (isLateral[i] ? [[name(i), i] as const] : [])));
  const frontal = records.flatMap(({ view = 'AP' }, i) => (isLateral[i] || /^OBLIQUE/.test(view) ? [] : [i]));
  const taken = lateral ? frontal.filter((i) => beside.has(name(i))) : frontal;
  if (taken.length < frontal.length)
    onNote?.(`${frontal.length - taken.length} of ${frontal.length} frontal images have no lateral one and are left out.`);
  if (taken.length === 0)
    throw new RangeError(
      `${dataset.name}: a part of it has no frontal image${lateral ? ' with a lateral one' : ''}; expected AP or PA views`,
    );
  const rows = (indices: readonly number[]) => pixelRows(subset(dataset, indices), size, { ...reading, ...(onNote && { onNote }) });
  const all = [...new Set(records.flatMap(({ labels, uncertain = [] }) => [...Object.keys(labels), ...uncertain]))];
  return {
    domain,
    images: taken.map((i) => {
      const { patient, group = patient } = records[i]!;
      return { patient: group, labels: recordLabels(records[i]!, domain, all) };
    }),
    pixels: { AP: await rows(taken), ...(lateral && { LATERAL: await rows(taken.map((i) => beside.get(name(i))!)) }) },
  };
}
