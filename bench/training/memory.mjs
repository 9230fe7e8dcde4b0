// Measured peaks of training steps, each in a process of its own, beside what `estimateStepMemory` says: node bench/training/memory.mjs
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { initClipText } from 'roentgen-lab/encoders';
import { countParameters, dispose, key, normalArray, startEngine } from 'roentgen-lab/engine';
import { noiseTables } from 'roentgen-lab/schedulers';
import { diffusionBatch, diffusionLoss, estimateStepMemory, train, unetActivations } from 'roentgen-lab/training';
import { initUNet } from 'roentgen-lab/unet';

const sizes = [
  { channels: [32, 64, 128], layers: 1, side: 16, batch: 8, ema: true },
  { channels: [32, 64, 128], layers: 1, side: 16, batch: 32, ema: true },
  { channels: [64, 128, 256], layers: 2, side: 32, batch: 4, checkpointing: true },
  { channels: [64, 128, 256], layers: 2, side: 32, batch: 6 },
  { channels: [128, 256, 512], layers: 1, side: 32, batch: 2 },
];

async function measure({ channels, layers, side, batch, ema, checkpointing = false }) {
  await startEngine();
  const unet = {
    block_out_channels: channels,
    layers_per_block: layers,
    down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
    up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
    attention_head_dim: 4,
    cross_attention_dim: 64,
    norm_num_groups: 8,
  };
  const textEncoder = { vocab_size: 1000, hidden_size: 64, intermediate_size: 256, num_hidden_layers: 2, num_attention_heads: 4 };
  const params = { unet: initUNet(unet, key(1)), textEncoder: initClipText(textEncoder, key(2)) };
  const tables = noiseTables({ _class_name: 'DDIMScheduler' });
  const configs = { unet, textEncoder, predictionType: 'epsilon', checkpointing };
  const optimisation = {
    steps: 2,
    batchSize: batch,
    learningRate: { peak: 1e-4, schedule: 'constant', warmup: 0, floor: 0 },
    betas: [0.9, 0.99],
    epsilon: 1e-8,
    weightDecay: 0.01,
    clipNorm: 1,
    ...(ema ? { emaDecay: 0.99 } : {}),
  };
  const parameters = countParameters(params);
  const result = await train({
    params,
    loss: (now, given) => diffusionLoss(configs, now, given),
    batch: (i) =>
      diffusionBatch(tables, {}, {
        x0: normalArray(key(i), batch * side * side * 4),
        shape: [batch, side, side, 4],
        timesteps: Array(batch).fill(500),
        texts: { ids: tf.zeros([batch, 48], 'int32') },
        noise: key(100 + i),
      }),
    optimisation,
  });
  // the caller's parameters stay beside the copy that trains
  const sizes = { parameters: 2 * parameters, trained: parameters, activations: unetActivations(unet, [side, side], checkpointing) };
  dispose(result.params, params);
  return { measured: result.peakRssMiB, estimated: estimateStepMemory(sizes, optimisation).MiB };
}

if (process.argv[2]) {
  console.log(JSON.stringify(await measure(JSON.parse(process.argv[2]))));
} else {
  for (const size of sizes) {
    const text = execFileSync(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(size)], { encoding: 'utf8' });
    const { measured, estimated } = JSON.parse(text);
    console.log(`${JSON.stringify(size)}: measured ${measured.toFixed(0)} MiB, estimated ${estimated.toFixed(0)}, ${((100 * estimated) / measured - 100).toFixed(0)}%`);
  }
}
