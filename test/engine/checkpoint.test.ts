import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { compileStep, dispose, flatten, foldIn, key, normal, scope, valueAndGrad } from 'roentgen-lab/engine';
import { initUNet, type UNetParams, unet } from 'roentgen-lab/unet';
import { decode, type VaeParams } from 'roentgen-lab/vae';
import { adamPlain, adamUpdate } from '#engine/adam';
import { checkpoint } from '#engine/checkpoint';
import { initVae } from '#vae/internal';
import { assertClose, noLeaks } from '../support';

type Layer = { w: tf.Tensor2D };
type Params = { layers: Layer[] };

const layer = ({ w }: Layer, { x, scale }: { x: tf.Tensor2D; scale: tf.Scalar }): tf.Tensor2D =>
  scope(() => tf.mul(tf.tanh(tf.matMul(x, w)), scale) as tf.Tensor2D);

const loss =
  (checkpointing: boolean) =>
  (params: Params, x: tf.Tensor2D, scale: tf.Scalar): tf.Scalar =>
    scope(() => {
      const h = params.layers.reduce((y, p) => (checkpointing ? checkpoint(layer, p, { x: y, scale }) : layer(p, { x: y, scale })), x);
      return tf.mean(tf.square(h)) as tf.Scalar;
    });

test(
  'checkpointed layers have the value and the gradients of plain ones, eagerly and compiled, of parameters and of inputs',
  noLeaks(() => {
    const params: Params = { layers: [0, 1, 2].map((i) => ({ w: normal<tf.Rank.R2>(foldIn(key(1), i), [5, 5]) })) };
    const [x, scale] = [normal<tf.Rank.R2>(key(2), [4, 5]), tf.scalar(1.5)];
    const all = { params, x, scale };
    const of = (checkpointing: boolean) => valueAndGrad((given: typeof all) => loss(checkpointing)(given.params, given.x, given.scale));
    const want = of(false)(all);
    const eager = of(true)(all);
    const step = compileStep({}, (_: object, given: typeof all) => ({
      out: scope(() => of(true)(given)) as { value: tf.Scalar; grads: typeof all },
    }));
    const compiled = step.run(all);
    for (const got of [eager, compiled]) {
      assertClose(got.value, want.value, 1e-6);
      for (const [path, leaf] of Object.entries(flatten(want.grads))) assertClose(flatten(got.grads)[path]!, leaf, 1e-6, path);
    }
    step.dispose();
    dispose(all, { ...want }, { ...eager }, compiled);
  }),
);

test(
  'U-Net and decoder have the same gradients with checkpointing',
  noLeaks(() => {
    const config = {
      block_out_channels: [8, 16],
      down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
      up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
      layers_per_block: 1,
      cross_attention_dim: 12,
      attention_head_dim: 2,
      norm_num_groups: 4,
    } as const;
    const vae = {
      in_channels: 1,
      out_channels: 1,
      block_out_channels: [8, 8],
      down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D'],
      up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D'],
      norm_num_groups: 4,
    } as const;
    const all = { unet: initUNet(config, key(1)), vae: initVae(vae, key(2)), context: normal<tf.Rank.R3>(key(3), [2, 6, 12]) };
    const [x, t] = [normal<tf.Rank.R4>(key(4), [2, 8, 8, 4]), tf.tensor1d([10, 700])];
    const of = (checkpointing: boolean) =>
      valueAndGrad((p: { unet: UNetParams; vae: VaeParams; context: tf.Tensor3D }) =>
        scope(
          () =>
            tf.mean(
              tf.square(decode(vae, p.vae, unet(config, p.unet, x, t, p.context, { checkpointing }), { checkpointing })),
            ) as tf.Scalar,
        ),
      )(all);
    const [want, got] = [of(false), of(true)];
    assertClose(got.value, want.value, 1e-6);
    const largest = Math.max(...Object.values(flatten(want.grads)).map((g) => Math.max(...g.dataSync().map(Math.abs))));
    assert.ok(largest > 0);
    for (const [path, leaf] of Object.entries(flatten(want.grads)))
      assertClose(flatten(got.grads)[path]!, leaf, 1e-5 * Math.max(1, largest), path);
    dispose(all, x, t, { ...want }, { ...got });
  }),
);

test(
  "Adam in a compiled step's state equals the plain composition, and what was read before stays as it was",
  noLeaks(() => {
    const leaf = (): { param: tf.Tensor; m: tf.Tensor; v: tf.Tensor } => ({
      param: normal(key(1), [7, 3]),
      m: normal(key(2), [7, 3]),
      v: scope(() => tf.square(normal(key(3), [7, 3]))),
    });
    const [first, grad] = [leaf(), normal(key(4), [7, 3])];
    const scalars = {
      rate: tf.scalar(0.1),
      beta1: tf.scalar(0.9),
      beta2: tf.scalar(0.99),
      epsilon: tf.scalar(1e-8),
      decay: tf.scalar(0.01),
    };
    const step = compileStep(first, (state: typeof first, g: tf.Tensor, s: typeof scalars) => {
      const next = adamUpdate(state, g, s);
      return { state: next, out: { after: tf.mul(next.param, 2), before: tf.mul(state.param, 2) } };
    });
    const out = step.run(grad, scalars);
    const once = step.read();
    const want = adamPlain(first, grad, scalars);
    for (const part of ['param', 'm', 'v'] as const) assertClose(once[part], want[part], 1e-6, part);
    const halves = scope(() => ({ after: tf.div(out.after, 2), before: tf.div(out.before, 2) }));
    assertClose(halves.after, want.param, 1e-6);
    assertClose(halves.before, first.param, 1e-6);
    dispose(halves);
    const kept = [...once.param.dataSync()];
    dispose(step.run(grad, scalars));
    assert.deepEqual([...once.param.dataSync()], kept, 'a tensor that was read does not change with the state');
    assertClose(first.param, leafValues(key(1)), 1e-7);
    step.dispose();
    dispose(first, grad, scalars, out, once, want);
  }),
);

function leafValues(from: ReturnType<typeof key>): ArrayLike<number> {
  const x = normal(from, [7, 3]);
  const values = x.dataSync();
  x.dispose();
  return values;
}
