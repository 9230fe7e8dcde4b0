/** Whether lines, tubes, pacemakers and wires are still to be found: what the chest classifier makes of them on each stage's images. */

import { DEVICES } from '../../datasets/internal';
import { foldIn, type Key } from '../../engine';
import { type Classifier, classify } from '../../metrics';
import { type LabelColumn, measureSet } from '../classification/measure';
import type { ImageSet } from '../image-set';
import { type DetailImages, pixelsOf } from './images';
import type { DetailStage, DeviceRow } from './rows';

/** Names of such labels, as the phantom and published collections have them, without case and underscores. */
const NAMES: ReadonlySet<string> = new Set([
  ...DEVICES,
  'support devices',
  'tube',
  'line',
  'catheter',
  'pacemaker',
  'endotracheal tube',
  'nsg tube',
]);
const isDevice = (label: string): boolean => NAMES.has(label.trim().toLowerCase().replaceAll('_', ' '));

/** By stage; none where the classifier knows no device. */
export async function deviceRows(
  images: DetailImages,
  classifier: Classifier,
  { key, draws }: { key: Key; draws: number },
): Promise<DeviceRow[]> {
  const known = classifier.config.findings.flatMap((label, output) => (isDevice(label) ? [{ label, output }] : []));
  if (known.length === 0) return [];
  const { real, models, cases } = images;
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
      ({ label, output }): LabelColumn => ({
        label,
        probabilities: Float32Array.from(cases, (_, i) => presence[i * outputs + output]!),
        truth: Int8Array.from(cases, (row) => real.records[row]!.labels[label] ?? -1),
      }),
    );
    const { labels, all } = measureSet(columns, { key: foldIn(key, 0), draws });
    rows.push({ ...stage, labels, mean: all.auroc });
  }
  return rows;
}
