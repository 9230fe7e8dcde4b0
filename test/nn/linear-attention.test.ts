import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, type Key, key, normal, split, valueAndGrad } from 'roentgen-lab/engine';
import {
  causalLinearAttention,
  continueLinearAttention,
  emptyLinearAttention,
  type LinearAttentionState,
  linearAttention,
} from '#nn/linear-attention';
import { orthogonalFeatures, randomFeatures } from '#nn/random-features';
import { assertClose, noLeaks } from '../support';

const [B, HEADS, L, D, M] = [2, 3, 21, 6, 10];

/** Features of queries and keys, and values. */
function inputs(length: number = L): { query: tf.Tensor4D; key: tf.Tensor4D; value: tf.Tensor4D } {
  const [a, b, c] = split(key(5), 3) as [Key, Key, Key];
  return tf.tidy(() => ({
    query: tf.abs(normal<tf.Rank.R4>(a, [B, HEADS, length, M])),
    key: tf.abs(normal<tf.Rank.R4>(b, [B, HEADS, length, M])),
    value: normal<tf.Rank.R4>(c, [B, HEADS, length, D]),
  }));
}

/** Attention by its definition, in loops. */
function plainAttention(q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D, seen: (i: number) => number, floor: number): number[] {
  const [Q, K, V] = [q.arraySync(), k.arraySync(), v.arraySync()];
  return Q.flatMap((heads, b) =>
    heads.flatMap((positions, h) =>
      positions.flatMap((features, i) => {
        const weights = K[b]![h]!.slice(0, seen(i)).map((other) => other.reduce((sum, value, m) => sum + value * features[m]!, 0));
        const total = weights.reduce((sum, w) => sum + w, 0) + floor * features.reduce((sum, value) => sum + value, 0);
        return Array.from({ length: D }, (_, d) => weights.reduce((sum, w, j) => sum + w * V[b]![h]![j]![d]!, 0) / total);
      }),
    ),
  );
}

test(
  'attention by sums is attention by its definition: of all keys, and of those so far in chunks of any size',
  noLeaks(() => {
    const { query, key: keys, value } = inputs();
    const full = linearAttention(query, keys, value);
    assertClose(
      full,
      plainAttention(query, keys, value, () => L, 0),
      1e-5,
    );
    full.dispose();
    const want = plainAttention(query, keys, value, (i) => i + 1, 1e-6);
    for (const chunk of [1, 4, 7, 21, 64]) {
      const causal = causalLinearAttention(query, keys, value, chunk);
      assertClose(causal, want, 1e-5);
      causal.dispose();
    }
    dispose(query, keys, value);
  }),
);

test(
  'gradients of chunks are those of one chunk, also where the last is not full',
  noLeaks(() => {
    const given = inputs();
    const gradients = (chunk: number) =>
      valueAndGrad(
        ({ query, key: keys, value }: typeof given) => tf.mean(tf.square(causalLinearAttention(query, keys, value, chunk))) as tf.Scalar,
      )(given);
    const [one, many] = [gradients(L), gradients(4)];
    for (const name of ['query', 'key', 'value'] as const) {
      assert.ok(many.grads[name].dataSync().every(Number.isFinite), name);
      assertClose(many.grads[name], one.grads[name].dataSync(), 1e-6);
    }
    dispose(given, one.value, one.grads, many.value, many.grads);
  }),
);

test(
  'decoding one position after another, or several at once, gives what the whole pass gives, and its state does not grow',
  noLeaks(() => {
    const { query, key: keys, value } = inputs();
    const whole = causalLinearAttention(query, keys, value, 8);
    const at = (x: tf.Tensor4D, from: number, n: number): tf.Tensor4D => tf.slice(x, [0, 0, from, 0], [B, HEADS, n, x.shape[3]]);
    for (const pieces of [new Array<number>(L).fill(1), [5, 1, 12, 3]]) {
      let state: LinearAttentionState = emptyLinearAttention(B, HEADS, M, D);
      let from = 0;
      for (const n of pieces) {
        const [q, k, v] = [at(query, from, n), at(keys, from, n), at(value, from, n)] as const;
        const next = continueLinearAttention(state, q, k, v);
        const want = at(whole, from, n);
        assertClose(next.out, want.dataSync(), 1e-5);
        dispose(state, q, k, v, next.out, want);
        state = next.state;
        from += n;
        assert.deepEqual([state.products.shape, state.keys.shape], [[B, HEADS, M, D], [B, HEADS, M]]); // biome-ignore format: two shapes
      }
      assert.equal(from, L);
      dispose(state);
    }
    dispose(query, keys, value, whole);
  }),
);

test(
  'what comes later changes nothing before it with relu and positive features; with the stabilised ones it does',
  noLeaks(() => {
    const [a, b] = split(key(6)) as [Key, Key];
    const projection = orthogonalFeatures(M, D, b);
    const x = normal<tf.Rank.R4>(a, [1, 1, 9, D]);
    const changed = tf.tidy(() => tf.concat([tf.slice(x, [0, 0, 0, 0], [1, 1, 8, D]), tf.fill([1, 1, 1, D], 3)], 2) as tf.Tensor4D);
    const first = (input: tf.Tensor4D, kind: 'relu' | 'positive' | 'softmax'): Float32Array =>
      tf.tidy(() => {
        const attended = causalLinearAttention(
          randomFeatures(kind, input, projection, 'query'),
          randomFeatures(kind, input, projection, 'key'),
          input,
          3,
        );
        return tf.slice(attended, [0, 0, 0, 0], [1, 1, 8, D]).dataSync() as Float32Array;
      });
    for (const kind of ['relu', 'positive'] as const) assert.deepEqual(first(x, kind), first(changed, kind));
    assert.notDeepEqual(first(x, 'softmax'), first(changed, 'softmax'));
    dispose(projection, x, changed);
  }),
);

test(
  'projections are orthogonal within each block of d, as long as normal rows or all alike, and a seed says which',
  noLeaks(() => {
    const [m, d] = [20, 8];
    const projection = orthogonalFeatures(m, d, key(2));
    const rows = projection.arraySync();
    const dot = (a: number[], b: number[]): number => a.reduce((sum, value, j) => sum + value * b[j]!, 0);
    for (let i = 0; i < m; i++)
      for (let j = 0; j < i; j++)
        if (Math.floor(i / d) === Math.floor(j / d)) assert.ok(Math.abs(dot(rows[i]!, rows[j]!)) < 1e-5, `rows ${i} and ${j}`);
    const lengths = rows.map((row) => Math.sqrt(dot(row, row)));
    assert.ok(new Set(lengths.map((length) => length.toFixed(3))).size > 10, 'lengths are drawn');
    const regular = orthogonalFeatures(m, d, key(2), { regular: true });
    for (const row of regular.arraySync()) assert.ok(Math.abs(Math.sqrt(dot(row, row)) - Math.sqrt(d)) < 1e-5);
    const again = orthogonalFeatures(m, d, key(2));
    assert.deepEqual(again.dataSync(), projection.dataSync());
    dispose(projection, regular, again);
  }),
);

test(
  'more features estimate softmax attention better',
  noLeaks(() => {
    const [a, b, c, drawn] = split(key(9), 4) as [Key, Key, Key, Key];
    const [query, keys, value] = [a, b, c].map((one) => tf.tidy(() => tf.mul(normal<tf.Rank.R4>(one, [1, 2, 12, 8]), 0.7))) as [
      tf.Tensor4D,
      tf.Tensor4D,
      tf.Tensor4D,
    ];
    const exact = tf.tidy(() => tf.matMul(tf.softmax(tf.mul(tf.matMul(query, keys, false, true), 8 ** -0.5)), value));
    const errorOf = (m: number): number =>
      tf.tidy(() => {
        const errors = split(drawn, 8).map((one) => {
          const projection = orthogonalFeatures(m, 8, one);
          const [q, k] = [randomFeatures('positive', query, projection, 'query'), randomFeatures('positive', keys, projection, 'key')];
          return tf.norm(tf.sub(linearAttention(q, k, value), exact)).dataSync()[0]!;
        });
        return errors.reduce((sum, one) => sum + one, 0) / errors.length;
      });
    const [few, some, many] = [errorOf(16), errorOf(128), errorOf(1024)];
    assert.ok(many < 0.8 * some && some < 0.7 * few, `${few} ${some} ${many}`);
    dispose(query, keys, value, exact);
  }),
);
