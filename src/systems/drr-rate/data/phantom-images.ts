/** Both domains out of the phantom: volumes of patients projected, and radiographs of other patients. */

import { join } from 'node:path';
import { openPhantom, type PhantomDataset, phantomVolume, pixelRows, radiographsOf, type Study } from '../../../datasets';
import { foldIn, key } from '../../../engine';
import { keepRows } from '../../../files/internal';
import { type Domain, phantomLabels } from '../labels';
import type { PhantomCounts } from '../training/recipe';
import type { DomainImages, ImageAbout, InputView, OpenImagesOptions } from './domain-images';
import { AS_PUBLISHED, type ProjectionWay, sharperReconstruction, withLungTexture } from './ways';

type Part = 'train' | 'test';

/** Patients of one part and domain are in no other. */
const SEEDS: Readonly<Record<Domain, Readonly<Record<Part, number>>>> = { drr: { train: 51, test: 52 }, 'x-ray': { train: 53, test: 54 } };

/** Changes with the way from a study to its projections, beyond the phantom's own fingerprint. */
const VERSION = 1;

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
  const pixels: Partial<Record<InputView, DomainImages['pixels']['AP']>> = {};
  for (const [v, view] of views.entries()) {
    const { columns } = await keepRows(
      join('.cache', 'drr-rate'),
      {
        source: { projections: VERSION, phantom: phantom.fingerprint, spacing, reconstructions, view, size, way },
        length: phantom.length * reconstructions,
        columns: { pixels: { shape: [size, size], dtype: 'U16' } },
        rowsPerFile: PER_FILE,
        make: async (from, to) => ({
          values: { pixels: await projected(phantom, { from, to, size, view, way, counts, ...(signal && { signal }) }) },
        }),
      },
      { ...(signal && { signal }), onProgress: (done, total) => onProgress?.(v * total + done, views.length * total) },
    );
    pixels[view] = columns.pixels;
  }
  return { domain: 'drr', images: aboutOf(phantom, 'drr', reconstructions), pixels: pixels as DomainImages['pixels'] };
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
  readonly view: InputView;
  readonly way: ProjectionWay;
  readonly counts: PhantomCounts;
  readonly signal?: AbortSignal;
}

async function projected(phantom: PhantomDataset, { from, to, size, view, way, counts, signal }: Projected): Promise<Float32Array> {
  const { texture = false, ...projecting } = way;
  const area = size * size;
  const out = new Float32Array((to - from) * area);
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
    const volume = texture ? withLungTexture(reconstructed, foldIn(key(detail), 8)) : reconstructed;
    const image = await radiographsOf(volume)({ ...projecting, size, view: view === 'AP' ? 'ap' : 'lateral', seed: detail + i });
    out.set(image.pixels, (i - from) * area);
  }
  return out;
}
