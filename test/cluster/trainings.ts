/** A process of a cluster that does the library's trainings one after another, each small, and writes what came of them. Its options come as JSON. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, flatten, joinCluster, key, normal, scope, startEngine, type Tree, uniformArray } from 'roentgen-lab/engine';
import { fitDiffusion, overrideRecipe } from 'roentgen-lab/experiments';
import { rowsOf } from 'roentgen-lab/files';
import { type ClassifierConfig, type Labelled, perceptualNetwork } from 'roentgen-lab/metrics';
import { disposeModel } from 'roentgen-lab/pipelines';
import { type Optimisation, type StrategySettings, strategies, trainClassifier, trainVq } from 'roentgen-lab/training';
import { initVq } from 'roentgen-lab/vq';
import { fitEncoder, loadEncoderRecipe } from '#experiments/internal';
import { initClassifier } from '#metrics/internal';
import { batchNormLayer } from '#nn/internal';
import { trainNormalised, trainVae } from '#training/internal';
import { initVae } from '#vae/internal';
import { tinyModel } from '../pipelines/tiny-model';
import { bytesOf, cases, pixels, recipeOf, texts } from '../training/strategy-cases';
import { SIZE as VAE_SIZE, config as vaeConfig } from '../training/tiny-autoencoder';

export interface TrainingsOptions {
  readonly rank: number;
  readonly addresses: readonly string[];
  /** Of this process alone. */
  readonly folder: string;
}

const say = (message: object): void => void process.send!(message);

/** An epsilon that keeps AdamW from turning the rounding of a gradient that is nought into a whole step. */
const optimisation: Optimisation = {
  steps: 2,
  batch_size: 2,
  accumulation: 12,
  learning_rate: { peak: 1e-2, schedule: 'constant', warmup: 0, floor: 0 },
  betas: [0.9, 0.99],
  epsilon: 1e-2,
  weight_decay: 0.01,
  clip_norm: 1,
};
const judge: ClassifierConfig = {
  size: VAE_SIZE,
  channels: [8, 8, 8],
  hidden: 8,
  findings: ['Edema', 'Pneumothorax'],
  sided: ['Pneumothorax'],
};
const terms = { reconstruction: 'l1', gradient: 0.5, perceptual: 0.3, adversarial: { weight: 0.5, from: 2 } } as const;

const valuesOf = (tree: Tree): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(flatten(tree)).map(([path, leaf]) => [path, leaf.dataSync<'float32'>().slice()]));

/** What a training leaves, which is disposed here. */
function taken(tree: Tree): Record<string, Float32Array> {
  const values = valuesOf(tree);
  dispose(tree);
  return values;
}

async function autoencoder(kind: 'vae' | 'vq'): Promise<Record<string, Float32Array>> {
  const network = perceptualNetwork({ config: judge, params: initClassifier(judge, key(4)) });
  const all = {
    pixels: rowsOf(uniformArray(key(3), 6 * VAE_SIZE ** 2), VAE_SIZE ** 2),
    size: VAE_SIZE,
    perceptual: network,
    optimisation: { ...optimisation, ema_decay: 0.5 },
    key: key(2),
    signal: new AbortController().signal,
  };
  if (kind === 'vae') {
    const weights = { ...terms, kl: 1e-3 };
    const { params } = await trainVae({ ...all, config: vaeConfig, params: initVae(vaeConfig, key(1)), weights });
    return taken(params as Tree);
  }
  const { latent_channels, norm_num_groups, in_channels, out_channels, block_out_channels, down_block_types, up_block_types } = vaeConfig;
  const own = { in_channels, out_channels, block_out_channels, down_block_types, up_block_types, latent_channels, norm_num_groups };
  const config = { ...own, num_vq_embeddings: 16, mid_block_add_attention: false };
  const { params } = await trainVq({ ...all, config, params: initVq(config, key(1)), weights: { ...terms, codebook: 1, revival: 0.1 } });
  return taken(params as Tree);
}

async function diffusion(settings: StrategySettings): Promise<Record<string, Float32Array>> {
  const model = tinyModel();
  const recipe = overrideRecipe(await recipeOf(settings), { 'diffusion.optimisation': { ...optimisation, steps: 2 } });
  await fitDiffusion(model, recipe, pixels, texts, { key: key(11) });
  const values = { ...bytesOf(model), ...(model.textProjection ? valuesOf(model.textProjection.params as Tree) : {}) };
  disposeModel(model);
  return values;
}

async function maskedLanguage(folder: string): Promise<Record<string, Float32Array>> {
  const recipe = {
    ...(await loadEncoderRecipe('phantom-bert')),
    tokenizer: { vocabulary_size: 200, max_length: 24 },
    config: { model_type: 'bert' as const, hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 32 },
    optimisation,
    texts: { impressions: 20, prompts: 40 },
  };
  const { params } = await fitEncoder(recipe, folder, { key: key(5) });
  return taken(params as Tree);
}

async function classifierOfFindings(): Promise<Record<string, Float32Array>> {
  const records = Array.from({ length: 8 }, (_, i): Labelled => {
    const edema = i % 2 === 0 ? 0 : 1;
    // Labels that are not known make the loss no mean over rows.
    return i % 3 === 0
      ? { labels: { Edema: edema, Pneumothorax: 1 }, sides: { Pneumothorax: edema ? 'left' : 'right' } }
      : { labels: { Edema: edema }, sides: {} };
  });
  const trained = await trainClassifier({
    config: judge,
    pixels: uniformArray(key(8), records.length * VAE_SIZE ** 2),
    records,
    optimisation,
    key: key(6),
  });
  return taken(trained.params as Tree);
}

/** Batch norms: each batch's rows are judged by the others. */
async function normalised(): Promise<Record<string, Float32Array>> {
  const { params } = await trainNormalised<Tree, Tree>({
    params: {
      w: normal(key(1), [5, 3]),
      norm: { weight: tf.ones([3]), bias: tf.zeros([3]), running_mean: tf.zeros([3]), running_var: tf.ones([3]) },
    } as Tree,
    batch: async (index) => ({ x: normal(key(100 + index), [6, 5]), y: normal(key(500 + index), [6, 3]) }),
    loss: (weights, batch, statistics) =>
      scope(() => {
        const { w, norm } = weights as unknown as { w: tf.Tensor2D; norm: Parameters<typeof batchNormLayer>[0] };
        const { x, y } = batch as Record<string, tf.Tensor2D>;
        const hidden = batchNormLayer(norm, tf.reshape(tf.matMul(x!, w), [6, 1, 1, 3]) as tf.Tensor4D, { eps: 1e-5, statistics });
        return tf.mean(tf.squaredDifference(tf.reshape(hidden, [6, 3]), y!)) as tf.Scalar;
      }),
    optimisation,
  });
  return taken(params);
}

async function work({ rank, addresses, folder }: TrainingsOptions): Promise<void> {
  await startEngine({ backend: 'tensorflow' });
  if (addresses.length > 1) await joinCluster({ rank, addresses, joinSeconds: 120, timeoutSeconds: 60 });
  const encoder = join(folder, 'encoder');
  const trainings: Record<string, () => Promise<Record<string, Float32Array>>> = {
    vae: () => autoencoder('vae'),
    vq: () => autoencoder('vq'),
    'masked language model': () => maskedLanguage(encoder),
    classifier: classifierOfFindings,
    'batch norms': normalised,
  };
  for (const { name } of strategies) {
    const settings = cases.find((one) => one.settings.name === name)?.settings ?? { name, encoder };
    trainings[`diffusion, ${name}`] = () => diffusion(settings);
  }
  for (const [name, training] of Object.entries(trainings)) {
    const values = await training();
    const all = Buffer.concat(Object.values(values).map((leaf) => Buffer.from(leaf.buffer, leaf.byteOffset, leaf.byteLength)));
    writeFileSync(join(folder, `${name}.bin`), all);
  }
  say({ steps: Object.keys(trainings).length });
}

work(JSON.parse(process.argv[2]!) as TrainingsOptions).then(
  () => process.exit(0),
  (error: Error) => {
    say({ error: error.stack ?? error.message });
    process.exit(1);
  },
);
