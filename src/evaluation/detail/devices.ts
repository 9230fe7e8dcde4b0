/** Whether lines, tubes, pacemakers and wires are still to be found: what the chest classifier makes of them on each stage's images. */

import { DEVICES } from '../../datasets/internal';
import { foldIn, type Key } from '../../engine';
import { type Classifier, classify } from '../../metrics';
import { type LabelColumn, LEAST, measureSet } from '../classification/measure';
import type { ImageSet } from '../image-set';
import { type DetailImages, pixelsOf } from './images';
import type { DetailStage, DeviceRow } from './rows';

/** Names of such labels without case and underscores: the phantom's, CheXpert's and PadChest's. */
const NAMES: ReadonlySet<string> = new Set([
  ...DEVICES,
  'support devices',
  ...['central venous catheter', 'chest drain tube', 'dual chamber device', 'nsg tube', 'single chamber device', 'tracheostomy tube'],
]);
const isDevice = (label: string): boolean => NAMES.has(label.trim().toLowerCase().replaceAll('_', ' '));

/** By stage, of devices that five of the images have or more, and five have not; none where there is no such one that the classifier knows. */
export async function deviceRows(
  images: DetailImages,
  classifier: Classifier,
  { key, draws }: { key: Key; draws: number },
): Promise<DeviceRow[]> {
  const { real, models, cases } = images;
  const truthOf = (label: string): Int8Array => Int8Array.from(cases, (row) => real.records[row]!.labels[label] ?? -1);
  const known = classifier.config.findings.flatMap((label, output) => {
    const truth = truthOf(label);
    const enough = [0, 1].every((value) => truth.filter((one) => one === value).length >= LEAST);
    return isDevice(label) && enough ? [{ label, output, truth }] : [];
  });
  if (known.length === 0) return [];
  const outputs = classifier.config.findings.length;
  const stages: { model?: string; stage: DetailStage; set: ImageSet }[] = [
    { stage: 'real', set: real },
    ...models.flatMap(({ name: model, autoencoder, generated }) => [
      ...(autoencoder ? [{ model, stage: 'autoencoder' as const, set: autoencoder }] : []),
      { model, stage: 'generated' as const, set: generated },
    ]),
  ];
  const rows: DeviceRow[] = [];
  for (const { set, ...stage } of stages) {
    const { presence } = classify(classifier, await pixelsOf(set, cases));
    const columns = known.map(
      ({ label, output, truth }): LabelColumn => ({
        label,
        probabilities: Float32Array.from(cases, (_, i) => presence[i * outputs + output]!),
        truth,
      }),
    );
    const { labels, all } = measureSet(columns, { key: foldIn(key, 0), draws });
    rows.push({ ...stage, labels, mean: all.auroc });
  }
  return rows;
}
