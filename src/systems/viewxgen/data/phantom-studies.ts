/** Studies of the phantom: patients seen from one side, from two, or from the front twice and from the side. */

import { join } from 'node:path';
import {
  openPhantom,
  otherProjection,
  type PhantomDataset,
  type Projection,
  renderStudy,
  type Study,
  writeReport,
} from '../../../datasets';
import { foldIn, key, uniformArray } from '../../../engine';
import { keepRows } from '../../../files/internal';
import { type ReadViewsOptions, reportText, type StudyImage, type ViewSplit, type ViewStudies, type ViewStudy } from './studies';

/** Patients of one split are in no other. */
const SEEDS: Readonly<Record<ViewSplit, number>> = { train: 71, test: 72 };

/** Studies of one image, and of two; the others have three. */
const SHARES = [0.3, 0.4] as const;

/** Changes with the way from a study to its images, beyond the phantom's own fingerprint. */
const VERSION = 1;
const PER_FILE = 64;

/** The views of a study, its own first: one from the side as the second, the other one from the front as the third. */
function viewsOf({ view, detail }: Study, most: number): Projection[] {
  const [drawn] = uniformArray(foldIn(key(detail), 41), 1) as unknown as [number];
  const count = drawn < SHARES[0] ? 1 : drawn < SHARES[0] + SHARES[1] ? 2 : 3;
  return ([view, 'LATERAL', view === 'PA' ? 'AP' : 'PA'] as const).slice(0, Math.min(count, most));
}

/**
 * @param count studies
 * @throws the signal's reason where it was raised: images that are done are kept
 */
export async function phantomViewStudies(split: ViewSplit, count: number, options: ReadViewsOptions): Promise<ViewStudies> {
  const { size, images: most, signal, onProgress } = options;
  const phantom = openPhantom({ seed: SEEDS[split], count, style: 'impression', views: ['PA', 'AP'] });
  const studies: ViewStudy[] = [];
  const taken: Study[] = [];
  for (let i = 0; i < count; i++) {
    const study = phantom.study(i);
    const images = viewsOf(study, most).map((view): StudyImage => {
      taken.push(otherProjection(study, view));
      return { view, row: taken.length - 1 };
    });
    studies.push({ ...aboutOf(phantom, i, study), images });
  }
  const { columns } = await keepRows(
    join('.cache', 'viewxgen'),
    {
      source: { views: VERSION, phantom: phantom.fingerprint, size, most, count },
      length: taken.length,
      columns: { pixels: { shape: [size, size], dtype: 'U16' } },
      rowsPerFile: PER_FILE,
      make: async (from, to) => {
        const out = new Float32Array((to - from) * size * size);
        for (let i = from; i < to; i++) {
          signal?.throwIfAborted();
          out.set(
            Float32Array.from(renderStudy(taken[i]!, size), (value) => value / 255),
            (i - from) * size * size,
          );
        }
        return { values: { pixels: out } };
      },
    },
    { ...(signal && { signal }), ...(onProgress && { onProgress }) },
  );
  return { studies, pixels: columns.pixels };
}

function aboutOf(phantom: PhantomDataset, i: number, study: Study): Omit<ViewStudy, 'images'> {
  const { id, patient, labels } = phantom.record(i);
  return { id, patient, labels, report: reportText(writeReport(study).findings.text) };
}
