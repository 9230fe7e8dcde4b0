// The graphs that are run on a GPU: what each computes, recorded from shapes alone, and how its arguments are filled where it runs.

import { flatten, scope, unflatten } from 'roentgen-lab/engine';
import { unet, unetShapes } from 'roentgen-lab/unet';
import { decode } from 'roentgen-lab/vae';
import * as tf from '@tensorflow/tfjs-core';
import { plainAdamW, works } from '#cli/bench/works';
import { clipContext, clipTextShapes } from '#encoders/internal';
import { withPrecision } from '#engine/precision';
import { formOf } from '#engine/tensorflow';
import { record } from '#engine/trace';
import { stepScalars, trainStep } from '#training/train-step';
import { vaeShapes } from '#vae/internal';

const settingsOf = async (name) => works.find((work) => work.name === name).settings();

const [FLOAT, INT] = [1, 3];
const float = (shape) => ({ dtype: FLOAT, shape });

/** How a parameter is filled: matrices with uniform numbers of the variance that keeps a layer's scale, scales with ones, all else with zeros. */
function parameter(path, shape, seed) {
  if (shape.length < 2) return { fill: path.endsWith('weight') ? 'ones' : 'zeros' };
  const inputs = /embedding/.test(path) ? 2500 : shape.slice(0, -1).reduce((product, n) => product * n, 1);
  return { fill: 'uniform', seed, scale: Math.sqrt(3 / inputs) };
}

/** Arguments by path: of parameters, and of the inputs that change. */
const parameters = (shapes) => Object.fromEntries(Object.entries(shapes).map(([path, shape], i) => [path, { ...float(shape), ...parameter(path, shape, i + 1) }]));
const noise = (shape, seed) => ({ ...float(shape), fill: 'uniform', seed, scale: Math.sqrt(3) });
const values = (x) => ({ ...formOf(x), fill: 'values', values: [...x.dataSync()] });

/** Records `call(state, inputs)`, trees of paths, in a precision; the next state is what it returns under the same paths. */
function recorded(state, inputs, precision, call) {
  const tree = (given, tensors) => unflatten(Object.fromEntries(Object.keys(given).map((path, i) => [path, tensors[i]])));
  const forms = (given) => Object.values(given);
  const graph = withPrecision(precision, () =>
    record(forms(state), forms(inputs), (stateLeaves, inputLeaves) => {
      const { out, next } = call(tree(state, stateLeaves), tree(inputs, inputLeaves));
      const leaves = next ? flatten(next) : {};
      return { outputs: [out], nextState: Object.keys(state).map((path) => leaves[path]) };
    }),
  );
  return { graph, arguments: [...Object.values(state), ...Object.values(inputs)] };
}

const prefixed = (prefix, given, fill) => Object.fromEntries(Object.entries(given).map(([path, one]) => [`${prefix}.${path}`, { ...one, ...fill }]));

/** A training step of a U-Net with AdamW; its output are the loss and the gradient's norm. */
function training({ config, tokens, checkpointing }, side, batch, precision) {
  const params = parameters(unetShapes(config));
  const state = {
    ...prefixed('train.params', params),
    ...prefixed('train.moments.m', params, { fill: 'zeros' }),
    ...prefixed('train.moments.v', params, { fill: 'zeros' }),
  };
  const image = [batch, side, side, config.in_channels];
  const optimisation = plainAdamW(batch);
  const scalars = flatten(stepScalars(1, optimisation, true));
  const inputs = {
    'batch.x': noise(image, 1001),
    'batch.timesteps': { ...float([batch]), fill: 'values', values: Array.from({ length: batch }, (_, i) => (i * 997 + 13) % 1000) },
    'batch.context': noise([batch, tokens, config.cross_attention_dim], 1002),
    'batch.target': noise(image, 1003),
    ...Object.fromEntries(Object.entries(scalars).map(([path, x]) => [`scalars.${path}`, values(x)])),
  };
  tf.dispose(Object.values(scalars));
  const loss = (weights, { x, timesteps, context, target }) =>
    scope(() => tf.mean(tf.squaredDifference(unet(config, weights, x, timesteps, context, { checkpointing }), target)));
  const step = trainStep(loss, optimisation);
  return recorded(state, inputs, precision, (now, given) => {
    const { state: next, out } = step({ ...now, frozen: {} }, given.batch, given.scalars);
    return { out: tf.stack([out.loss, out.gradientNorm]), next: { train: next.train } };
  });
}

/** The U-Net's prediction, as each step of sampling asks for it. */
function prediction({ config, tokens }, side, batch, precision) {
  const inputs = {
    x: noise([batch, side, side, config.in_channels], 1001),
    timesteps: { ...float([batch]), fill: 'values', values: new Array(batch).fill(501) },
    context: noise([batch, tokens, config.cross_attention_dim], 1002),
  };
  return recorded(parameters(unetShapes(config)), inputs, precision, (weights, { x, timesteps, context }) => ({
    out: unet(config, weights, x, timesteps, context),
  }));
}

function decoding({ vae: config }, side, batch, precision) {
  return recorded(parameters(vaeShapes(config)), { z: noise([batch, side, side, 4], 1001) }, precision, (weights, { z }) => ({
    out: decode(config, weights, z),
  }));
}

function encodingTexts({ textEncoder: config }, batch, precision) {
  const ids = Array.from({ length: 77 * batch }, (_, i) => (i * 7919 + 11) % (config.vocab_size - 2));
  const inputs = { ids: { dtype: INT, shape: [batch, 77], fill: 'values', values: ids } };
  return recorded(parameters(clipTextShapes(config)), inputs, precision, (weights, given) => ({ out: clipContext(config, weights, given.ids) }));
}

const unetModule = ({ config, tokens }, side, batch, training) => ({ network: 'UNet2DConditionModel', config, training, side, batch, tokens });

/**
 * `checked` graphs are small enough for the processor to say what they should give; `images` come out of a call; `module` is the same in diffusers or transformers.
 */
export async function graphs() {
  const [tiny, small, sd, model] = await Promise.all(['tiny-training', 'small-training', 'sd14-training', 'sd14-sampling'].map(settingsOf));
  const whole = { ...sd, checkpointing: false };
  const step = (name, title, settings, side, batch, more) => ({
    name,
    title: `${title}, training step, batch ${batch}`,
    images: batch,
    module: unetModule(settings, side, batch, true),
    make: (precision) => training(settings, side, batch, precision),
    ...more,
  });
  const predicted = (name, title, settings, side, batch, more) => ({
    name,
    title,
    images: batch,
    module: unetModule(settings, side, batch, false),
    make: (precision) => prediction(settings, side, batch, precision),
    ...more,
  });
  const checked = { checked: true };
  return [
    step('tiny-training', 'tiny U-Net', tiny, 16, 8, checked),
    predicted('tiny-sampling', 'tiny U-Net, prediction, batch 8', tiny, 16, 8, checked),
    step('small-training', 'small U-Net', small, 32, 4, checked),
    predicted('small-sampling', 'small U-Net, prediction, batch 4', small, 32, 4, checked),
    predicted('sd14-sampling-512', 'Stable Diffusion 1.4 at 512², prediction for a guided image', sd, 64, 2, { images: 1 }),
    step('sd14-training-256', 'Stable Diffusion 1.4 U-Net at 256²', whole, 32, 8),
    step('sd14-training-512', 'Stable Diffusion 1.4 U-Net at 512²', whole, 64, 8),
    {
      name: 'sd14-decoding-512',
      title: 'Stable Diffusion 1.4 at 512², decoding',
      images: 1,
      module: { network: 'AutoencoderKL', config: model.vae, side: 64, batch: 1 },
      make: (precision) => decoding(model, 64, 1, precision),
    },
    {
      name: 'sd14-text',
      title: "Stable Diffusion 1.4's text encoder, 8 texts",
      images: 8,
      module: { network: 'CLIPTextModel', config: model.textEncoder, batch: 8 },
      make: (precision) => encodingTexts(model, 8, precision),
    },
  ];
}
