/** Checks CLIP: the text encoder's states, pooled states and projections, and both towers with their loss; gradients of each. */

import { readdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type ClipConfig, type ClipParams, type ClipTextConfig, clip, clipText, clipVision } from '../encoders';
import {
  type ClipTextModel,
  clipContext,
  clipHiddenStates,
  clipImageFeatures,
  clipLoss,
  clipShapes,
  clipTextShapes,
  loadClip,
  loadClipText,
} from '../encoders/internal';
import { dispose, flatten, scope, valueAndGrad } from '../engine';
import { readSafetensors } from '../files';
import { readJson } from '../files/internal';
import { type Checker, type Measure, Unsupported } from './checker';
import { compareGradients, expectSupported, type Fixture, fixtureImage, has, type NoiseLevels } from './fixture';
import { exact } from './measure';
import {
  casesOfClass,
  checkGradients,
  compareRun,
  compareWith,
  numberedStates,
  type TextCase,
  type TextInputs,
  type TextRun,
  textInputs,
  wantedOf,
} from './text-run';

const GRADIENT = 1e-4;

/** CLIPModel's case has one run and no name for it. */
type TowersCase = TextRun & { readonly class: string; readonly gradient?: { readonly noise_level?: NoiseLevels } };

/** Every quantity of a run that the fixture holds. */
function checkRun({ config, params }: ClipTextModel, fixture: Fixture, name: string, run: TextRun): Measure[] {
  return scope(() => {
    const { ids, options } = textInputs(run);
    const { lastHiddenState, pooled, textEmbeds } = clipText(config, params, ids, options);
    return compareRun(fixture, name, {
      last_hidden_state: lastHiddenState,
      pooler_output: pooled,
      text_embeds: textEmbeds,
      penultimate: clipContext(config, params, ids, { ...options, skip: 1, finalNorm: false }),
      penultimate_final_layer_norm: clipContext(config, params, ids, { ...options, skip: 1 }),
      ...numberedStates(clipHiddenStates(config, params, ids, options)),
    });
  });
}

const withPrefix = (key: string): string => (/^(embeddings|encoder|final_layer_norm)\./.test(key) ? `text_model.${key}` : key);

/** Other files with the same weights, under the key names of published checkpoints. */
async function* checkOtherFiles(folder: string, { params }: ClipTextModel): AsyncGenerator<Measure> {
  const stems = (await readdir(folder)).filter((file) => /^model_.*\.safetensors$/.test(file)).map((file) => parse(file).name);
  for (const stem of stems.sort()) {
    const other = await loadClipText(folder, stem);
    const same = flatten(params);
    const [got, want] = [flatten(other.params), same].map((flat) => Object.keys(same).flatMap((key) => [...flat[key]!.dataSync()]));
    dispose(other.params);
    yield exact(`${stem} holds the same weights`, got!, want!);
  }
}

async function* checkText(folder: string, spec: TextCase): AsyncGenerator<Measure> {
  const config = await readJson<ClipTextConfig>(join(folder, 'config.json'));
  expectSupported(() => clipTextShapes(config));
  const model = await loadClipText(folder);
  try {
    const fixture = await readSafetensors(join(folder, 'fixture.safetensors'));
    for (const [run, inputs] of Object.entries(spec.runs)) yield* checkRun(model, fixture, run, inputs);
    const lastHiddenState = (params: ClipTextModel['params'], { ids, options }: TextInputs): tf.Tensor =>
      clipText(config, params, ids, options).lastHiddenState;
    if (spec.gradient) yield* checkGradients(folder, spec, model.params, lastHiddenState, withPrefix);
    yield* checkOtherFiles(folder, model);
  } finally {
    dispose(model.params);
  }
}

function towersOutputs(config: ClipConfig, params: ClipParams, pixels: tf.Tensor4D, spec: TowersCase): Record<string, tf.Tensor> {
  const { ids, options } = textInputs(spec);
  const { imageEmbeds, textEmbeds, logitsPerText } = clip(config, params, ids, pixels, options);
  return {
    image_embeds: imageEmbeds,
    text_embeds: textEmbeds,
    logits_per_text: logitsPerText,
    logits_per_image: tf.transpose(logitsPerText),
    loss: tf.reshape(clipLoss(logitsPerText), [1]),
    vision_last_hidden_state: clipVision(config.vision_config ?? {}, params, pixels).lastHiddenState,
    vision_pooler_output: clipImageFeatures(config, params, pixels), // transformers 5 puts the projection in the pooler's place
    text_last_hidden_state: clipText(config.text_config ?? {}, { text_model: params.text_model }, ids, options).lastHiddenState,
  };
}

async function* checkTowers(folder: string, spec: TowersCase): AsyncGenerator<Measure> {
  const config = await readJson<ClipConfig>(join(folder, 'config.json'));
  expectSupported(() => clipShapes(config));
  const { params } = await loadClip(folder);
  const fixture = await readSafetensors(join(folder, 'fixture.safetensors'));
  const pixels = fixtureImage(fixture, 'pixel_values');
  yield* scope(() => {
    const got = towersOutputs(config, params, pixels, spec);
    return wantedOf(fixture, '', ['pixel_values']).map((key) => compareWith(fixture, key, got[key]));
  });

  const { ids, options } = textInputs(spec);
  const loss = (p: ClipParams): tf.Scalar => clipLoss(clip(config, p, ids, pixels, options).logitsPerText);
  const { grads, value } = valueAndGrad(loss)(params);
  try {
    if (has(folder, 'gradients.safetensors')) yield await compareGradients(folder, grads, {}, spec.gradient?.noise_level ?? {}, GRADIENT);
  } finally {
    dispose(grads, value, ids, options.mask, pixels, params);
  }
}

export const textClipChecker: Checker = {
  component: 'text',

  cases: (folder) => casesOfClass(folder, (name) => name.startsWith('CLIP')),

  async *check(folder, name) {
    const caseFolder = join(folder, name);
    const spec = await readJson<TextCase & TowersCase>(join(caseFolder, 'case.json'));
    if (spec.class === 'CLIPTextModel' || spec.class === 'CLIPTextModelWithProjection') yield* checkText(caseFolder, spec);
    else if (spec.class === 'CLIPModel') yield* checkTowers(caseFolder, spec);
    else throw new Unsupported(`class ${spec.class}`);
  },
};
