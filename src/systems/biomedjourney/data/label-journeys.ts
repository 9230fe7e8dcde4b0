/** Journeys in data sets that know patients, views, an order in time, and labels: NIH ChestX-ray14, the COVID-19 image data collection, MIMIC-CXR. */

import { basename } from 'node:path';
import type { Dataset, ImageRecord } from '../../../datasets';
import { leftOut, recordsOf } from '../../../datasets/internal';
import { type Journeys, journeysOf, type Pair } from './journeys';
import { progressionOfLabels } from './progression-of-labels';

/** NIH's files are named `<patient>_<follow-up>`. */
const FOLLOW_UP = /_(\d{3,})\.\w+$/;

/** When an image was taken, in the order of its patient's: by its day, or by its number among the patient's visits. */
function timeOf({ day, id }: ImageRecord): number | undefined {
  const visit = FOLLOW_UP.exec(basename(id))?.[1];
  return day ?? (visit === undefined ? undefined : Number(visit));
}

const FRONTAL = ['PA', 'AP'];

/**
 * Pairs of consecutive images of one patient and one frontal view, with what changed of their labels in words (`progressionOfLabels`). Images without patient's
 * order in time, of other views, and pairs taken at the same time are left out and counted.
 *
 * @throws RangeError where no pair is left, with what was left out
 */
export function labelJourneys(dataset: Dataset): Journeys {
  const out = leftOut();
  const series = new Map<string, { index: number; time: number; record: ImageRecord }[]>();
  for (const [index, record] of recordsOf(dataset).entries()) {
    const time = timeOf(record);
    if (record.view === undefined || !FRONTAL.includes(record.view)) out.count('have no frontal view');
    else if (time === undefined) out.count('say nothing of when they were taken');
    else {
      const name = JSON.stringify([record.patient, record.view]);
      const images = series.get(name) ?? [];
      series.set(name, images);
      images.push({ index, time, record });
    }
  }
  const pairs: Pair[] = [];
  for (const images of series.values()) {
    images.sort((a, b) => a.time - b.time || a.index - b.index);
    for (const [i, later] of images.entries()) {
      const prior = images[i - 1];
      if (!prior) continue;
      if (prior.time === later.time) out.count('were taken with the one before');
      else
        pairs.push({
          prior: prior.index,
          later: later.index,
          instruction: progressionOfLabels(prior.record.labels, later.record.labels),
        });
    }
  }
  return journeysOf(dataset, pairs, out.notes(dataset.length, 'images'));
}
