/** Checks contrastive losses: their values, those of each row, and gradients for embeddings, scale and bias. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, scope, valueAndGrad } from '../engine';
import { readSafetensors } from '../files';
import { readJson } from '../files/internal';
import { clipContrastiveLoss, convirtLoss, cosines, siglipLoss } from '../training';
import type { Checker, Measure } from './checker';
import { fixtureTensor, has, type NoiseLevels } from './fixture';
import { listCases } from './list';
import { grad, largestOf, rel } from './measure';
import { wantedOf } from './text-run';

const OUTPUT = 1e-5;
const GRADIENT = 1e-4;

interface Case {
  readonly lambda: number;
  readonly tau: number;
  readonly logit_scale: number;
  readonly siglip_logit_scale: number;
  readonly siglip_bias: number;
  readonly gradient: { readonly noise_level: NoiseLevels };
}

type Inputs = { image: tf.Tensor2D; text: tf.Tensor2D; logit_scale: tf.Scalar; logit_bias: tf.Scalar };
type Losses = { loss: tf.Scalar } & Record<string, tf.Tensor>;

/** The losses by the names of their tensors. */
const losses: Readonly<Record<string, (spec: Case, inputs: Inputs) => Losses>> = {
  convirt: (spec, { image, text }) => named(convirtLoss(image, text, spec)),
  clip: (_, { image, text, logit_scale }) => named(clipContrastiveLoss(image, text, logit_scale)),
  siglip: (_, { image, text, logit_scale, logit_bias }) => siglipLoss(image, text, logit_scale, logit_bias),
};

function named({ loss, imageToText, textToImage }: ReturnType<typeof convirtLoss>): Losses {
  return { loss, image_to_text: imageToText, text_to_image: textToImage };
}

async function* checkCase(folder: string, name: string): AsyncGenerator<Measure> {
  const spec = await readJson<Case>(join(folder, `${name}.json`));
  const fixture = await readSafetensors(join(folder, `${name}.safetensors`));
  for (const [kind, lossOf] of Object.entries(losses)) {
    const inputs: Inputs = {
      image: fixtureTensor(fixture, 'image'),
      text: fixtureTensor(fixture, 'text'),
      logit_scale: tf.scalar(kind === 'siglip' ? spec.siglip_logit_scale : spec.logit_scale),
      logit_bias: tf.scalar(spec.siglip_bias),
    };
    const result = valueAndGrad((given: Inputs) => {
      const { loss, ...rows } = lossOf(spec, given);
      return { loss, aux: { ...rows, cosine: cosines(given.image, given.text) } };
    })(inputs);
    try {
      const outputs: Record<string, tf.Tensor> = { ...result.aux, loss: result.value };
      const gradients: Record<string, tf.Tensor> = result.grads;
      const wanted = wantedOf(fixture, `${kind}.`);
      const ofGradient = wanted.filter((key) => key.startsWith('gradient.'));
      for (const key of wanted.filter((each) => !ofGradient.includes(each)))
        yield scope(() =>
          rel(
            `${kind} ${key}`,
            tf.reshape(outputs[key]!, fixture[`${kind}.${key}`]!.shape),
            fixtureTensor(fixture, `${kind}.${key}`),
            OUTPUT,
          ),
        );
      const largest = largestOf(ofGradient.map((key) => fixture[`${kind}.${key}`]!.data));
      for (const key of ofGradient) {
        const want = fixture[`${kind}.${key}`]!.data;
        const noise = spec.gradient.noise_level[`${kind}.${key}`];
        // What is rounding alone in the reference is measured against the largest gradient.
        const isNoise = noise !== undefined && 10 * noise.max_abs_f32_minus_f64 >= noise.max_abs;
        yield grad(
          `${kind} ${key}`,
          gradients[key.slice('gradient.'.length)]!.dataSync(),
          want,
          GRADIENT,
          isNoise ? 1e6 * largest : largest,
        );
      }
    } finally {
      dispose(inputs, result.value, result.grads, result.aux);
    }
  }
}

export const contrastiveChecker: Checker = {
  component: 'contrastive',

  cases: async (folder) => (await listCases(folder)).filter((name) => has(folder, `${name}.json`)),

  check: checkCase,
};
