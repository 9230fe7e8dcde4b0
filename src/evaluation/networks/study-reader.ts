/** A network that says of a view what it shows and from where it was taken: what views that are made are measured by. */

import { createHash } from 'node:crypto';
import { dispose } from '../../engine';
import { rowsOf } from '../../files';
import { type ChestView, chestViews, type ViewStudies } from '../../systems';
import { headProbabilities, headsReader, headsWidth, presenceHeads, UNKNOWN } from '../../training/internal';
import { classifierScale, divideByPatient, keptHeads, optimisationOf, SEED } from './image-classifier';

const VERSION = 1;
const TRAINING = { steps: 1200, batch: 32, period: 400, peak: 2e-3, every: 100 } as const;

/** Of n images. */
export interface StudyReadings {
  /** Probability of each finding, [n × findings], row-major. */
  readonly presence: Float32Array;
  readonly views: readonly ChestView[];
  /** What distances are measured in, [n × width]: the last maps' means. */
  readonly features: Float32Array;
}

export interface StudyReader {
  readonly findings: readonly string[];
  readonly definition: string;
  /** @param pixels images one after another, 0 to 1 */
  read(pixels: Float32Array): Promise<StudyReadings>;
  dispose(): void;
}

export interface StudyReaderOptions {
  /** Of a study's images every one has the study's labels. */
  readonly data: ViewStudies;
  readonly size: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

/** The network, trained or out of the cache; the caller disposes it. @throws RangeError where no study has a label; the signal's reason where it was raised: nothing is kept then */
export async function studyReader({ data, size, signal, onProgress }: StudyReaderOptions): Promise<StudyReader> {
  const { studies, pixels } = data;
  const findings = [...new Set(studies.flatMap(({ labels }) => Object.keys(labels)))].sort();
  if (findings.length === 0) throw new RangeError('viewxgen: the studies have no labels, which views are measured by');
  const views = chestViews.filter((view) => studies.some(({ images }) => images.some((image) => image.view === view)));
  const heads = [...presenceHeads(findings), ...(views.length > 1 ? [{ name: 'view', answers: views }] : [])];
  const records: { patient: string }[] = [];
  const answers: number[] = [];
  for (const { patient, labels, images } of studies)
    for (const { view } of images) {
      records.push({ patient });
      answers.push(...findings.map((finding) => labels[finding] ?? UNKNOWN), ...(views.length > 1 ? [views.indexOf(view)] : []));
    }
  const { steps, batch, period, peak, every } = TRAINING;
  const net = classifierScale({ size, quick: true }).net(headsWidth(heads));
  const optimisation = optimisationOf(steps, batch, period, peak);
  const hash = createHash('sha256').update(Int8Array.from(answers)).digest('hex');
  const { network } = await keptHeads({
    name: 'study-reader',
    source: { version: VERSION, seed: SEED, net, heads, size, optimisation, every, images: pixels.identity, answers: hash },
    training: {
      net,
      heads,
      pixels,
      size,
      answers: Int8Array.from(answers),
      ...divideByPatient(records),
      optimisation,
      every,
      ...(signal && { signal }),
      onStep: ({ step }) => onProgress?.('training the network that reads views', step, steps),
    },
  });
  const reader = headsReader(network, size);
  return {
    findings,
    definition: `a residual network of random weights at ${size} pixels, trained for ${steps} steps at most on ${records.length} real images of the training studies: presence of each finding, and the view (v${VERSION})`,
    async read(values) {
      const { logits, pooled: features } = await reader.read(network.params, rowsOf(values, size * size), undefined, signal);
      const read = headProbabilities(heads, logits);
      const n = values.length / (size * size);
      const presence = new Float32Array(n * findings.length);
      findings.forEach((_, f) => {
        for (let i = 0; i < n; i++) presence[i * findings.length + f] = read[f]![2 * i + 1]!;
      });
      const ofView = views.length > 1 ? read.at(-1)! : undefined;
      return {
        presence,
        features,
        views: Array.from(
          { length: n },
          (_, i) => views[ofView ? likeliest(ofView.subarray(i * views.length, (i + 1) * views.length)) : 0]!,
        ),
      };
    },
    dispose() {
      reader.dispose();
      dispose(network.params);
    },
  };
}

const likeliest = (values: Float32Array): number => values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
