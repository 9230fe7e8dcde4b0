/** Similar cases of studies by the encoders of stage 1, without gradients. */

import type * as tf from '@tensorflow/tfjs-core';
import { compileNetwork, dispose, scope } from '../../engine';
import { nextTurn } from '../../engine/internal';
import type { Rows } from '../../files';
import { placesOf } from '../../vision/internal';
import type { SeiStudy } from './annotation';
import { imageBatch, STUDIES_AT_ONCE } from './data/images';
import type { AlignmentParams } from './network/alignment';
import { visualVectors } from './network/encode';
import type { AlignmentModel } from './network/files';
import { type CaseFeatures, similarCases } from './similar-cases';

/** Which study an image is of, by a name that is unique over all subjects. */
export const studyName = ({ subject_id, study_id }: Pick<SeiStudy, 'subject_id' | 'study_id'>): string =>
  JSON.stringify([String(subject_id), String(study_id)]);

export interface EncodeOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Images as the search compares them: the vectors of the whole and of all places behind one another.
 *
 * @param pixels of the studies, in their order
 * @throws the signal's reason where it was raised
 */
export async function caseFeatures(
  { config, params }: AlignmentModel,
  studies: readonly Pick<SeiStudy, 'subject_id' | 'study_id'>[],
  pixels: Rows,
  { signal, onProgress }: EncodeOptions = {},
): Promise<CaseFeatures> {
  const width = (1 + placesOf(config.image).count) * config.output_dim;
  const values = new Float32Array(pixels.length * width);
  const network = compileNetwork((weights: AlignmentParams, images: tf.Tensor4D) =>
    scope(() => ({ vectors: visualVectors(config, weights, images) })),
  );
  try {
    for (let from = 0; from < pixels.length; from += STUDIES_AT_ONCE) {
      signal?.throwIfAborted();
      const to = Math.min(pixels.length, from + STUDIES_AT_ONCE);
      const images = await imageBatch(pixels, from, to, config.image.size);
      const { vectors } = network(params, images);
      values.set((vectors.dataSync() as Float32Array).subarray(0, (to - from) * width), from * width);
      dispose(images, vectors);
      onProgress?.(to, pixels.length);
      await nextTurn();
    }
    return { values, width, studies: studies.map(studyName) };
  } finally {
    network.dispose();
  }
}

/**
 * Studies with their similar cases, best first, in place of those that they had.
 *
 * @param history the training split, and its features
 * @throws RangeError as `similarCases`
 */
export function withCases(
  studies: readonly SeiStudy[],
  features: CaseFeatures,
  history: { readonly studies: readonly SeiStudy[]; readonly features: CaseFeatures },
  count: number,
): SeiStudy[] {
  const found = similarCases(history.features, features, count);
  return studies.map((study, i) => {
    const cases = found[i]!.map(({ row }) => history.studies[row]!);
    return {
      ...study,
      specific_knowledge: {
        sk_ids: cases.map(({ id }) => id),
        reports: cases.map(({ report }) => report),
        sk_keywords: cases.map(({ core_findings }) => core_findings),
      },
    };
  });
}
