// Measured peaks of training steps, each in a process of its own, beside what `estimateStepMemory` says: node bench/training/memory.mjs
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { initClipText } from 'roentgen-lab/encoders';
import { countParameters, dispose, key, startEngine } from 'roentgen-lab/engine';
import { normalArray } from '#engine/internal';
import { rowsOf } from 'roentgen-lab/files';
import { noiseTables } from 'roentgen-lab/schedulers';
import { diffusionBatch, diffusionLoss, train } from 'roentgen-lab/training';
import { trainVae } from '#training/internal';
import { estimateStepMemory, textActivations, unetActivations, vaeActivations } from '#experiments/internal';
import { initUNet } from 'roentgen-lab/unet';
import { initVae } from '#vae/internal';

const networks = [
  { channels: [32, 64, 128], layers: 1, side: 16, batch: 8, ema: true },
  { channels: [32, 64, 128], layers: 1, side: 16, batch: 32, ema: true },
  { channels: [64, 128, 256], layers: 2, side: 32, batch: 6 },
  { channels: [128, 256, 512], layers: 1, side: 32, batch: 2 },
  { channels: [32, 64, 128], layers: 1, side: 16, batch: 16, text: { width: 256, layers: 8, tokens: 77 } },
  { vae: [16, 32, 64], layers: 1, side: 64, batch: 8 },
  { vae: [32, 64, 128], layers: 2, side: 128, batch: 4 },
];
const sizes = networks.flatMap((size) => [size, { ...size, checkpointing: true }]);

const optimisationOf = (batch, ema) => ({
  steps: 2,
  batch_size: batch,
  learning_rate: { peak: 1e-4, schedule: 'constant', warmup: 0, floor: 0 },
  betas: [0.9, 0.99],
  epsilon: 1e-8,
  weight_decay: 0.01,
  clip_norm: 1,
  ...(ema ? { ema_decay: 0.99 } : {}),
});

async function measureVae({ vae: channels, layers, side, batch, checkpointing = false }) {
  await startEngine();
  const config = {
    in_channels: 1,
    out_channels: 1,
    block_out_channels: channels,
    layers_per_block: layers,
    down_block_types: channels.map(() => 'DownEncoderBlock2D'),
    up_block_types: channels.map(() => 'UpDecoderBlock2D'),
    norm_num_groups: 8,
  };
  const params = initVae(config, key(1));
  const optimisation = optimisationOf(batch, false);
  const parameters = countParameters(params);
  const result = await trainVae({
    config,
    params,
    pixels: rowsOf(new Float32Array(2 * batch * side * side).fill(0.5), side * side),
    size: side,
    weights: { reconstruction: 'l1', gradient: 0.5, kl: 1e-4 },
    optimisation,
    key: key(2),
    checkpointing,
    flip: 0,
  });
  const sizes = { parameters: 2 * parameters, trained: parameters, activations: vaeActivations(config, side, checkpointing) };
  dispose(result.params, params);
  return { measured: result.peakRssMiB, estimated: estimateStepMemory(sizes, optimisation).MiB };
}

async function measure({ channels, layers, side, batch, ema, text = { width: 64, layers: 2, tokens: 48 }, checkpointing = false }) {
  await startEngine();
  const unet = {
    block_out_channels: channels,
    layers_per_block: layers,
    down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
    up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
    attention_head_dim: 4,
    cross_attention_dim: text.width,
    norm_num_groups: 8,
  };
  const textEncoder = {
    vocab_size: 1000,
    hidden_size: text.width,
    intermediate_size: 4 * text.width,
    num_hidden_layers: text.layers,
    num_attention_heads: 4,
  };
  const params = { unet: initUNet(unet, key(1)), textEncoder: initClipText(textEncoder, key(2)) };
  const tables = noiseTables({ _class_name: 'DDIMScheduler' });
  const configs = { unet, textEncoder, predictionType: 'epsilon', checkpointing };
  const optimisation = optimisationOf(batch, ema);
  const parameters = countParameters(params);
  const result = await train({
    params,
    loss: (now, given) => diffusionLoss(configs, now, given),
    batch: (i) =>
      diffusionBatch(tables, {}, {
        x0: normalArray(key(i), batch * side * side * 4),
        shape: [batch, side, side, 4],
        timesteps: Array(batch).fill(500),
        texts: { ids: tf.zeros([batch, text.tokens], 'int32') },
        noise: key(100 + i),
      }),
    optimisation,
  });
  // the caller's parameters stay beside the copy that trains
  const activations = unetActivations(unet, [side, side], checkpointing) + textActivations(params.textEncoder, text.tokens);
  const sizes = { parameters: 2 * parameters, trained: parameters, activations };
  dispose(result.params, params);
  return { measured: result.peakRssMiB, estimated: estimateStepMemory(sizes, optimisation).MiB };
}

if (process.argv[2]) {
  const size = JSON.parse(process.argv[2]);
  console.log(JSON.stringify(await (size.vae ? measureVae : measure)(size)));
} else {
  for (const size of sizes) {
    const text = execFileSync(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(size)], { encoding: 'utf8' });
    const { measured, estimated } = JSON.parse(text);
    console.log(`${JSON.stringify(size)}: measured ${measured.toFixed(0)} MiB, estimated ${estimated.toFixed(0)}, ${((100 * estimated) / measured - 100).toFixed(0)}%`);
  }
}
