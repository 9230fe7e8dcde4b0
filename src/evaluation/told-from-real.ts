/** Whether generated images can be told from real ones, in one call for a notebook: the classifier two-sample test beside its own control. */

import { foldIn, type Key } from '../engine';
import type { Estimate } from './estimate';
import { twoSampleTest } from './networks/two-sample';

export interface ToldFromRealOptions {
  /** At least as many images as `patients`, one after another, size × size each, 0 to 1. */
  readonly real: Float32Array;
  /** One for each of `patients`, made of the texts of the same images. */
  readonly generated: readonly { readonly pixels: Float32Array }[];
  /** Further real images, at least as many as `otherPatients`. */
  readonly others: Float32Array;
  readonly size: number;
  /** Whose images they are; images of one patient are judged by one network. */
  readonly patients: readonly string[];
  readonly otherPatients: readonly string[];
  readonly key: Key;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Shares of images that are told right; 0.5 is chance. */
export interface ToldFromReal {
  /** Generated ones from real ones. */
  readonly generated: Estimate;
  /** Real ones of other patients from real ones: what a perfect model would come to. */
  readonly real: Estimate;
}

/** Updates of each network: enough to tell blurred images, of which two seconds of training see the difference. */
const STEPS = 120;
const LEAST = 16;

/**
 * Trains small networks of random weights to tell generated from real images, and others to tell real from further real ones; each image is judged by a
 * network that has not seen it, nor another image of its patient (`twoSampleTest`).
 *
 * @returns undefined where there are fewer than 16 images of a set
 * @throws the signal's reason where it was raised
 */
export async function toldFromReal(options: ToldFromRealOptions): Promise<ToldFromReal | undefined> {
  const { real, generated, others, size, patients, otherPatients, key, signal, onProgress } = options;
  if (Math.min(patients.length, otherPatients.length) < LEAST) return undefined;
  const area = size * size;
  const made = new Float32Array(patients.length * area);
  generated.slice(0, patients.length).forEach(({ pixels }, i) => {
    made.set(pixels, i * area);
  });
  const test = async (images: Float32Array, whose: readonly string[], number: number): Promise<Estimate> => {
    const { accuracy } = await twoSampleTest(real.subarray(0, patients.length * area), images, size, {
      key: foldIn(key, number),
      steps: STEPS,
      groups: [patients, whose],
      ...(signal && { signal }),
      onProgress: (done, total) => onProgress?.(number * total + done, 2 * total),
    });
    return accuracy;
  };
  return {
    generated: await test(made, patients, 0),
    real: await test(others.subarray(0, otherPatients.length * area), otherPatients, 1),
  };
}
