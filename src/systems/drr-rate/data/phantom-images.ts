/** Both domains out of the phantom: volumes of patients projected, and radiographs of other patients. */

import { join } from 'node:path';
import { openPhantom, type PhantomDataset, phantomVolume, pixelRows, radiographsOf, type Study } from '../../../datasets';
import { foldIn, key } from '../../../engine';
import { type ColumnForm, keepRows } from '../../../files/internal';
import { type Domain, phantomLabels } from '../labels';
import type { PhantomCounts } from '../training/recipe';
import type { DomainImages, ImageAbout, InputView, OpenImagesOptions } from './domain-images';
import { AS_PUBLISHED, type ProjectionWay, sharperReconstruction, withLungTexture } from './ways';

type Part = 'train' | 'test';

/** Patients of one part and domain are in no other. */
const SEEDS: Readonly<Record<Domain, Readonly<Record<Part, number>>>> = { drr: { train: 51, test: 52 }, 'x-ray': { train: 53, test: 54 } };

/** Changes with the way from a study to its projections, beyond the phantom's own fingerprint. */
const VERSION = 2;

/** Projections in a file: what an interruption loses. */
const PER_FILE = 32;

const phantomOf = ({ findings, counts }: PhantomCounts, domain: Domain, part: Part): PhantomDataset =>
  openPhantom({ seed: SEEDS[domain][part], count: counts[domain][part], views: domain === 'drr' ? ['AP'] : ['PA', 'AP'], findings });

/** Radiographs of the phantom, as its data set has them. */
export async function phantomRadiographs(
  counts: PhantomCounts,
  part: Part,
  { size, signal, onProgress }: OpenImagesOptions,
): Promise<DomainImages> {
  const phantom = phantomOf(counts, 'x-ray', part);
  const AP = await pixelRows(phantom, size, { ...(signal && { signal }), ...(onProgress && { onProgress }) });
  return { domain: 'x-ray', images: aboutOf(phantom, 'x-ray', 1), pixels: { AP } };
}

/** Volumes of the phantom's patients in bed, projected; of each scan as many reconstructions as the counts say. They are kept in `.cache/drr-rate`. */
export async function phantomReconstructions(
  counts: PhantomCounts,
  part: Part,
  { size, lateral = false, signal, onProgress }: OpenImagesOptions,
  way: ProjectionWay = AS_PUBLISHED,
): Promise<DomainImages> {
  const phantom = phantomOf(counts, 'drr', part);
  const { spacing, reconstructions } = counts;
  const views: readonly InputView[] = lateral ? ['AP', 'LATERAL'] : ['AP'];
  const form: ColumnForm = { shape: [size, size], dtype: 'U16' };
  const { columns } = await keepRows<InputView>(
    join('.cache', 'drr-rate'),
    {
      source: { projections: VERSION, phantom: phantom.fingerprint, spacing, reconstructions, size, way },
      length: phantom.length * reconstructions,
      columns: (lateral ? { AP: form, LATERAL: form } : { AP: form }) as Record<InputView, ColumnForm>,
      rowsPerFile: PER_FILE,
      make: async (from, to) => ({ values: await projected(phantom, { from, to, size, views, way, counts, ...(signal && { signal }) }) }),
    },
    { ...(signal && { signal }), ...(onProgress && { onProgress }) },
  );
  return { domain: 'drr', images: aboutOf(phantom, 'drr', reconstructions), pixels: columns };
}

function aboutOf(phantom: PhantomDataset, domain: Domain, times: number): ImageAbout[] {
  return Array.from({ length: phantom.length * times }, (_, i): ImageAbout => {
    const study = Math.floor(i / times);
    return { patient: phantom.record(study).patient, labels: phantomLabels(phantom.study(study), domain) };
  });
}

interface Projected {
  readonly from: number;
  readonly to: number;
  readonly size: number;
  readonly views: readonly InputView[];
  readonly way: ProjectionWay;
  readonly counts: PhantomCounts;
  readonly signal?: AbortSignal;
}

/** The views of some reconstructions; a volume is made once for all that are taken of it. */
async function projected(phantom: PhantomDataset, options: Projected): Promise<Record<InputView, Float32Array>> {
  const { from, to, size, views, way, counts, signal } = options;
  const { texture = false, ...projecting } = way;
  const area = size * size;
  const out = Object.fromEntries(views.map((view) => [view, new Float32Array((to - from) * area)])) as Record<InputView, Float32Array>;
  let last: { readonly study: Study; readonly index: number; readonly volume: ReturnType<typeof phantomVolume> } | undefined;
  for (let i = from; i < to; i++) {
    signal?.throwIfAborted();
    const index = Math.floor(i / counts.reconstructions);
    if (last?.index !== index) {
      const study = phantom.study(index);
      last = { study, index, volume: phantomVolume(study, counts.spacing) };
    }
    const { detail } = last.study;
    const reconstructed = i % counts.reconstructions === 0 ? last.volume : sharperReconstruction(last.volume, detail + i);
    const take = radiographsOf(texture ? withLungTexture(reconstructed, foldIn(key(detail), 8)) : reconstructed);
    for (const view of views) {
      const { pixels } = await take({ ...projecting, size, view: view === 'AP' ? 'ap' : 'lateral', seed: detail + i });
      out[view].set(pixels, (i - from) * area);
    }
  }
  return out;
}
