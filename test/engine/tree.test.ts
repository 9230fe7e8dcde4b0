import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { countParameters, dispose, flatten, mapTree, type Tree, unflatten, valueAndGrad } from 'roentgen-lab/engine';
import { expectSameShape, expectShape } from '#engine/shapes';
import { mapTrees } from '#engine/tree';
import { assertClose, noLeaks } from '../support';

test(
  'a tree and its dotted paths are the same thing',
  noLeaks(() => {
    const tree = { down_blocks: [{ resnets: [{ conv1: { weight: tf.ones([2, 3]) } }], skip: undefined }], bias: tf.zeros([4]) };
    const flat = flatten(tree);
    assert.deepEqual(Object.keys(flat), ['down_blocks.0.resnets.0.conv1.weight', 'bias']);
    const back = unflatten<typeof tree>(flat);
    assert.equal(back.down_blocks[0]!.resnets[0]!.conv1.weight, tree.down_blocks[0]!.resnets[0]!.conv1.weight);
    assert.equal(countParameters(tree), 10);
    const paths: string[] = [];
    dispose(
      mapTree((leaf, path) => {
        paths.push(path);
        return tf.clone(leaf);
      }, tree),
    );
    assert.deepEqual(paths, Object.keys(flat));
    dispose(tree);
  }),
);

test(
  'several trees are mapped by path, and a leaf that one lacks is named',
  noLeaks(() => {
    const trees = [1, 2, 4].map((value) => ({ a: tf.scalar(value), list: [tf.scalar(10 * value)] }));
    const sum = mapTrees(([x, y, z]) => tf.tidy(() => tf.add(tf.add(x, y), z)), trees[0]!, trees[1]!, trees[2]!);
    assert.deepEqual([sum.a.dataSync()[0], sum.list[0]!.dataSync()[0]], [7, 70]);
    assert.throws(() => mapTrees(([x]) => x, trees[0]!, { a: trees[1]!.a }), /mapTrees: tree 2: expected a leaf at list\.0/);
    dispose(sum, ...trees);
  }),
);

test('what is no tensor is named by its path', () => {
  assert.throws(
    () => flatten({ a: [{ b: 3 }] } as unknown as Tree),
    /flatten: a\.0\.b: expected a tensor, an object or an array, got number/,
  );
});

test(
  'shapes are checked by name',
  noLeaks(() => {
    const x = tf.zeros([2, 16, 16, 3]);
    assert.throws(() => expectShape('unet: latents', x, 'B H W 4'), {
      message: 'unet: latents: expected [B, H, W, 4], got [2, 16, 16, 3]',
    });
    assert.throws(() => expectShape('x', x, 'B H'), /expected \[B, H\], got/);
    assert.deepEqual(expectShape('x', x, 'B S S C'), { B: 2, S: 16, C: 3 });
    assert.deepEqual(expectShape('x', x, '... C'), { C: 3 });
    const y = tf.zeros([2, 3]);
    assert.throws(() => expectShape('square', y, 'N N'), /expected \[N, N\], got \[2, 3\]/);
    assert.throws(() => expectSameShape('eps', y, x), { message: 'eps: expected [2, 16, 16, 3], got [2, 3]' });
    dispose(x, y);
  }),
);

test(
  'gradients have the form of the parameters, zeros where the loss does not depend on them, and further results come along',
  noLeaks(() => {
    const params = { used: tf.tensor1d([1, 2]), unused: tf.tensor1d([5]) };
    const f = valueAndGrad((p: typeof params) => ({ loss: tf.sum(tf.square(p.used)) as tf.Scalar, aux: { double: tf.mul(p.used, 2) } }));
    const { value, grads, aux } = f(params);
    assertClose(value, [5], 1e-6);
    assertClose(grads.used, [2, 4], 1e-6);
    assertClose(grads.unused, [0], 0);
    assertClose(aux!.double, [2, 4], 0);
    dispose(params, value, grads, aux);
  }),
);
