import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, flatten, key, scope, type Tree, unflatten, valueAndGrad } from 'roentgen-lab/engine';
import {
  arrange,
  continueSequence,
  emptyState,
  initViewxgen,
  nextTokenLogits,
  type SequenceState,
  sequenceBatch,
  sequenceStates,
  type ViewxgenConfig,
  type ViewxgenParams,
  viewxgenLoss,
} from 'roentgen-lab/systems';
import { assertClose, noLeaks } from '../../support';
import { imagePart, textPart, tinyConfig } from './tiny';

const studies = [
  arrange(tinyConfig, [textPart(3, 4, 5), imagePart('PA', 1), imagePart('LATERAL', 2)]),
  arrange(tinyConfig, [imagePart('AP', 3), textPart(6), imagePart('LL', 4)]),
];

const part = (x: tf.Tensor2D, from: number, n: number): tf.Tensor2D => tf.slice(x, [0, from], [2, n]);

for (const attention of ['relu', 'positive'] as const)
  test(
    `decoding goes on from a state of one size and gives what the whole pass does, ${attention}`,
    noLeaks(() => {
      const config: ViewxgenConfig = { ...tinyConfig, attention };
      const params = initViewxgen(config, key(1));
      const { texts, images, ...tokens } = sequenceBatch(config, studies);
      const whole = sequenceStates(config, params, tokens);
      let state = emptyState(config, 2);
      const bytes = (kept: SequenceState): number => kept.layers.reduce((sum, { products, keys }) => sum + products.size + keys.size, 0);
      const before = bytes(state);
      let at = 0;
      const held: number[] = [];
      for (const n of [7, 11, 1, 1, 1, 5, 1, 1, 12]) {
        const some = { ids: part(tokens.ids, at, n), positions: part(tokens.positions, at, n) };
        const next = continueSequence(config, params, state, some);
        const wanted = tf.slice(whole, [0, at, 0], [2, n, config.dim]);
        assertClose(next.states, wanted, 1e-5, `positions ${at} to ${at + n}`);
        dispose(state as Tree, some, { wanted, states: next.states });
        state = next.state;
        at += n;
        assert.equal(bytes(state), before);
        held.push(tf.memory().numBytes);
      }
      assert.equal(at, 40);
      assert.equal(new Set(held).size, 1, 'what is held does not grow with the positions');
      dispose(params as Tree, state as Tree, tokens as Tree, { whole }, texts, images);
    }),
  );

test(
  'a position sees those before it alone, and says tokens of its own kind',
  noLeaks(() => {
    for (const attention of ['relu', 'positive', 'exact'] as const) {
      const config: ViewxgenConfig = { ...tinyConfig, attention };
      const params = initViewxgen(config, key(2));
      const other = arrange(config, [textPart(3, 4, 5), imagePart('PA', 1), imagePart('LATERAL', 9)]);
      const [one, two] = [studies[0]!, other].map((study) => sequenceBatch(config, [study, study]));
      const [a, b] = [one!, two!].map(({ ids, positions }) => sequenceStates(config, params, { ids, positions }));
      const until = 7 + 11 + 1; // the lateral view's mark is the same
      const [x, y] = [a!, b!].map((states) => tf.slice(states, [0, 0, 0], [1, until, config.dim]));
      assertClose(x!, y!, 1e-6, attention);
      assert.ok(scope(() => (tf.max(tf.abs(tf.sub(a!, b!))).dataSync() as Float32Array)[0]!) > 1e-3, 'later ones differ');
      const logits = nextTokenLogits(config, params, a!, one!.positions);
      const best = tf.argMax(logits, 2);
      const said = best.dataSync();
      for (let i = 0; i < 40; i++) assert.equal(said[i]! < config.text_vocabulary, i < 7);
      dispose(params as Tree, one as Tree, two as Tree, { a: a!, b: b!, x: x!, y: y!, logits, best });
    }
  }),
);

test(
  'many random rows that are positive come near exact attention',
  noLeaks(() => {
    const config: ViewxgenConfig = { ...tinyConfig, attention: 'positive', features: 16384 };
    const params = initViewxgen(config, key(3));
    const { texts, images, ...tokens } = sequenceBatch(config, studies);
    const estimated = sequenceStates(config, params, tokens);
    const exact = sequenceStates({ ...config, attention: 'exact' }, params, tokens);
    assertClose(estimated, exact, 0.03);
    dispose(params as Tree, tokens as Tree, { estimated, exact }, texts, images);
  }),
);

test(
  'the loss and its gradients are those of all logits together',
  noLeaks(() => {
    const params = initViewxgen(tinyConfig, key(6));
    const batch = sequenceBatch(tinyConfig, studies);
    /** Of the logits of both kinds at every position. */
    const targets = tf.tensor2d(Int32Array.from(studies.flatMap((study) => Array.from(study.targets))), [2, 40], 'int32');
    const plain = (p: ViewxgenParams, { ids, positions }: typeof batch): tf.Scalar =>
      scope(() => {
        const states = sequenceStates(tinyConfig, p, { ids, positions });
        const said = tf.logSoftmax(nextTokenLogits(tinyConfig, p, states, positions));
        const right = tf.oneHot(tf.maximum(targets, tf.scalar(0, 'int32')) as tf.Tensor2D, said.shape[2]!);
        const counts = tf.cast(tf.greaterEqual(targets, tf.scalar(0, 'int32')), 'float32');
        return tf.div(tf.neg(tf.sum(tf.mul(tf.sum(tf.mul(said, right), 2), counts))), tf.sum(counts)) as tf.Scalar;
      });
    const of = (loss: (p: ViewxgenParams, inputs: typeof batch) => tf.Scalar) =>
      valueAndGrad((p: Tree, inputs: Tree) => loss(p as ViewxgenParams, inputs as typeof batch))(params as Tree, batch as Tree) as {
        value: tf.Scalar;
        grads: Tree;
      };
    const whole = of(plain);
    const split = of((p, inputs) => viewxgenLoss(tinyConfig, p, inputs).loss);
    assertClose(split.value, whole.value, 1e-5);
    const wanted = flatten(whole.grads);
    for (const [name, grad] of Object.entries(flatten(split.grads))) assertClose(grad, wanted[name]!, 1e-5, name);
    dispose(params as Tree, batch as Tree, { targets, a: whole.value, b: split.value }, whole.grads, split.grads);
  }),
);

test(
  'padding counts for nothing, every parameter but one has a gradient, and the loss of few studies falls',
  noLeaks(() => {
    const params = initViewxgen(tinyConfig, key(4));
    const batch = sequenceBatch(tinyConfig, studies);
    const step = valueAndGrad((p: Tree, inputs: Tree) => viewxgenLoss(tinyConfig, p as ViewxgenParams, inputs as typeof batch).loss);
    const losses: number[] = [];
    let now = params as Tree;
    for (let i = 0; i < 40; i++) {
      const { value, grads } = step(now, batch as Tree) as { value: tf.Scalar; grads: Tree };
      losses.push(value.dataSync()[0]!);
      if (i === 0) assert.deepEqual(zeros(grads), UNTAUGHT);
      const next = descended(now, grads);
      dispose(now, grads, { value });
      now = next;
    }
    assert.ok(losses[0]! > 2 && losses.at(-1)! < 0.6 * losses[0]!, `${losses[0]} to ${losses.at(-1)}`);
    const { aux, loss } = viewxgenLoss(tinyConfig, now as ViewxgenParams, batch);
    const [text, image, both] = [aux.text, aux.image, loss].map((x) => x.dataSync()[0]!) as [number, number, number];
    const [ofText, ofImage] = [4 + 2, 4 * 10]; // tokens that are learnt: words and ends; codes and ends
    assert.ok(Math.abs((ofText * text + ofImage * image) / (ofText + ofImage) - both) < 1e-4);
    dispose(now, batch as Tree, { ...aux, loss });
  }),
);

/** The table of images that are not there. Random rows have a gradient, which a training passes over. */
const UNTAUGHT = ['pad_img_att_emb.emb.weight'];

/** One step down the gradient. */
function descended(params: Tree, grads: Tree): Tree {
  const along = flatten(grads);
  return unflatten(
    Object.fromEntries(Object.entries(flatten(params)).map(([path, leaf]) => [path, scope(() => tf.sub(leaf, tf.mul(along[path]!, 0.3)))])),
  );
}

/** Paths whose values are all 0. */
const zeros = (tree: Tree): string[] =>
  Object.entries(flatten(tree)).flatMap(([path, leaf]) => (leaf.dataSync().every((value) => value === 0) ? [path] : []));
