// Peak memory and time of a U-Net's gradient with and without gradient checkpointing: node bench/training/checkpointing.mjs [on|off] [batch] [side]
import { readFileSync, writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { compileStep, dispose, flatten, key, normal, scope, startEngine, valueAndGrad } from 'roentgen-lab/engine';
import { initUNet, unet } from 'roentgen-lab/unet';

const [mode = 'off', batch = '4', side = '32'] = process.argv.slice(2);
const B = Number(batch);
const S = Number(side);
const config = {
  in_channels: 4,
  out_channels: 4,
  down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
  block_out_channels: [64, 128, 256],
  layers_per_block: 2,
  attention_head_dim: 4,
  cross_attention_dim: 64,
  norm_num_groups: 8,
};
const status = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
await startEngine();
const params = initUNet(config, key(1));
const step = compileStep(params, (weights, x, t, c) =>
  scope(() => {
    const { value, grads } = valueAndGrad((p) => tf.mean(tf.square(unet(config, p, x, t, c, { checkpointing: mode === 'on' }))))(weights);
    return { out: { value, norms: tf.stack(Object.values(flatten(grads)).map((g) => tf.sum(tf.square(g)))) } };
  }),
);
const inputs = [normal(key(2), [B, S, S, 4]), tf.tensor1d(Array(B).fill(500)), normal(key(3), [B, 32, 64])];
const first = step.run(...inputs);
console.log('loss', first.value.dataSync()[0], 'gradient', Math.sqrt(first.norms.dataSync().reduce((a, b) => a + b, 0)));
dispose(first);
writeFileSync('/proc/self/clear_refs', '5'); // the peak of compiling is not that of running
const before = status('VmRSS');
const times = [];
for (let i = 0; i < 4; i++) {
  const start = performance.now();
  const out = step.run(...inputs);
  out.value.dataSync();
  times.push(performance.now() - start);
  dispose(out);
}
console.log(`checkpointing ${mode}: peak ${(status('VmHWM') - before).toFixed(0)} MiB above ${before.toFixed(0)}, ${Math.min(...times).toFixed(0)} ms`);
