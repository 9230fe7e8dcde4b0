import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { compile, dispose, flatten, foldIn, key, mapTree, normal, scope, type Tree, valueAndGrad } from 'roentgen-lab/engine';
import { convirtLoss, wordPatchLoss } from 'roentgen-lab/training';
import { initialise, withBatchStatistics } from '#nn/internal';
import { type AlignmentParams, alignmentLoss, alignmentShapes, initAlignment } from '#systems/sei/network/alignment';
import { checkAlignmentConfig, checkWriterConfig } from '#systems/sei/network/config';
import { textualVectors, visualVectors } from '#systems/sei/network/encode';
import { type FusionParams, fuse, fusionSpec } from '#systems/sei/network/fusion';
import { type ProjectionParams, projection, projectionSpec } from '#systems/sei/network/heads';
import {
  initWriter,
  isOfCaseReader,
  type WriterBatch,
  type WriterParams,
  writerContext,
  writerLoss,
  writerShapes,
} from '#systems/sei/network/writer';
import { assertClose, noLeaks } from '../../support';
import { alignmentConfig, images, texts, writerConfig } from './tiny';

/** None of the parameters as it starts. */
function moved<P extends Tree>(params: P): P {
  let leaf = 0;
  const other = scope(() => mapTree((x) => tf.add(x, tf.mul(tf.abs(normal(foldIn(key(5), leaf++), x.shape)), 0.2)), params));
  dispose(params);
  return other as P;
}

type Rows = number[][];
const { heads } = writerConfig.fusion;

/** A cross layer in plain loops over doubles. `seen` are the rows that may be attended to. */
function plainCross(flat: Record<string, tf.Tensor>, at: string, x: Rows, own: Rows, context: Rows): Rows {
  const array = (path: string): unknown => flat[`${at}.${path}`]!.arraySync();
  const linear = (path: string, v: number[]): number[] =>
    (array(`${path}.bias`) as number[]).map((bias, j) =>
      v.reduce((sum, value, i) => sum + value * (array(`${path}.weight`) as Rows)[i]![j]!, bias),
    );
  const norm = (path: string, v: number[]): number[] => {
    const mean = v.reduce((a, b) => a + b, 0) / v.length;
    const variance = v.reduce((sum, value) => sum + (value - mean) ** 2, 0) / v.length;
    const [scale, shift] = [array(`${path}.weight`) as number[], array(`${path}.bias`) as number[]];
    return v.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-12)) * scale[i]! + shift[i]!);
  };
  const sum = (a: number[], b: number[]): number[] => a.map((value, i) => value + b[i]!);
  const attend = (path: string, query: number[], seen: Rows): number[] => {
    const q = linear(`${path}.self.query`, query);
    const size = q.length / heads;
    const [k, v] = ['key', 'value'].map((name) => seen.map((one) => linear(`${path}.self.${name}`, one))) as [Rows, Rows];
    const mixed = Array.from({ length: heads }, (_, h) => {
      const part = (one: number[]): number[] => one.slice(h * size, (h + 1) * size);
      const raised = k.map((one) => Math.exp(part(one).reduce((s, value, i) => s + value * part(q)[i]!, 0) / Math.sqrt(size)));
      const total = raised.reduce((a, b) => a + b, 0);
      return Array.from({ length: size }, (_, d) => v.reduce((s, one, i) => s + (raised[i]! / total) * part(one)[d]!, 0));
    }).flat();
    return norm(`${path}.output.LayerNorm`, sum(linear(`${path}.output.dense`, mixed), query));
  };
  const gelu = (value: number): number => {
    // The error function by its series, which converges for what is met here.
    const z = value / Math.SQRT2;
    let [term, erf] = [z, z];
    for (let n = 1; n < 60; n++) {
      term *= (-z * z) / n;
      erf += term / (2 * n + 1);
    }
    return (value / 2) * (1 + (2 / Math.sqrt(Math.PI)) * erf);
  };
  return x.map((one) => {
    const h = attend('crossattention', attend('attention', one, own), context);
    return norm('output.LayerNorm', sum(linear('output.dense', linear('intermediate.dense', h).map(gelu)), h));
  });
}

test(
  'fusion: each study of a batch has the pattern of what is there; layers are those of plain loops',
  noLeaks(() => {
    const params = moved(initialise<FusionParams>(fusionSpec(writerConfig), key(1)));
    const flat = flatten(params as Tree);
    const image = normal(key(2), [4, 5, 8]) as tf.Tensor3D;
    const [lengths, asked] = [
      [3, 2, 0, 0],
      [4, 0, 3, 0],
    ];
    const of = (count: readonly number[], seed: number): { vectors: tf.Tensor3D; mask: tf.Tensor2D } => {
      const { ids, mask } = texts(count, seed);
      ids.dispose();
      return { vectors: normal(key(seed), [4, 6, 8]) as tf.Tensor3D, mask };
    };
    const [similar, indication] = [of(lengths!, 3), of(asked!, 4)];
    const fused = fuse(writerConfig, params, image, { similar, indication });
    const [x, c, i] = [image, similar.vectors, indication.vectors].map((one) => one.arraySync());
    const expected = x!.map((rows, b) => {
      const [ofCase, ofIndication] = [c![b]!.slice(0, lengths![b]), i![b]!.slice(0, asked![b])];
      const seen = lengths![b]! > 0 ? plainCross(flat, 'multi_modal_vision_layers.0', rows, rows, ofCase) : rows;
      if (asked![b] === 0) return seen;
      const question =
        lengths![b]! > 0 ? plainCross(flat, 'multi_modal_indication_layers.0', ofIndication, ofIndication, ofCase) : ofIndication;
      return plainCross(flat, 'multi_modal_vision_indication_layers.0', seen, seen, question);
    });
    assertClose(fused, expected.flat(2), 2e-5);
    const alone = fuse(writerConfig, params, image, {});
    assertClose(alone, image, 0);
    dispose(params as Tree, image, similar, indication, fused, alone);
  }),
);

test(
  "a projection's norms are over all vectors of a batch, or by running statistics",
  noLeaks(() => {
    const params = moved(initialise<ProjectionParams>(projectionSpec(3, 4), key(1)));
    const x = normal(key(2), [2, 5, 3]) as tf.Tensor3D;
    const used = projection(params, x);
    const { out, params: after } = scope(() =>
      withBatchStatistics(params as unknown as Tree, 1, (statistics) => projection(params, x, statistics)),
    );
    const plain = scope(() => {
      const { head } = params;
      const rows = tf.reshape(x, [10, 3]) as tf.Tensor2D;
      const norm = (v: tf.Tensor, { mean, variance }: { mean: tf.Tensor; variance: tf.Tensor }): tf.Tensor =>
        tf.div(tf.sub(v, mean), tf.sqrt(tf.add(variance, 1e-5)));
      const first = tf.add(tf.matMul(rows, head[0].weight), head[0].bias!);
      const pass = (of: (v: tf.Tensor, at: 1 | 4) => { mean: tf.Tensor; variance: tf.Tensor }): tf.Tensor => {
        const inner = tf.relu(tf.add(tf.mul(norm(first, of(first, 1)), head[1].weight), head[1].bias)) as tf.Tensor2D;
        const second = tf.add(tf.matMul(inner, head[3].weight), head[3].bias!);
        return tf.reshape(norm(second, of(second, 4)), [2, 5, 4]);
      };
      return {
        trained: pass((v) => tf.moments(v, 0)),
        used: pass((_, at) => ({ mean: head[at].running_mean, variance: head[at].running_var })),
      };
    });
    assertClose(used, plain.used, 1e-5);
    assertClose(out, plain.trained, 1e-5);
    const changed = Object.entries(flatten(after)).filter(([path, leaf]) => leaf !== flatten(params as unknown as Tree)[path]);
    assert.deepEqual(
      changed.map(([path]) => path),
      ['head.1.running_mean', 'head.1.running_var', 'head.4.running_mean', 'head.4.running_var'],
    );
    dispose(params as unknown as Tree, x, used, out, plain, Object.fromEntries(changed));
  }),
);

test(
  'alignment: the sum of the loss between studies and that between words, in training mode; every parameter has a part in it',
  noLeaks(() => {
    checkAlignmentConfig(alignmentConfig);
    const params = moved(initAlignment(alignmentConfig, key(1)));
    assert.deepEqual(
      Object.fromEntries(Object.entries(flatten(params)).map(([path, { shape }]) => [path, shape])),
      alignmentShapes(alignmentConfig),
    );
    const batch = { images: images(3), texts: texts([6, 3, 4], 1) };
    const { text_encoder: encoder, text_global: global, text_local: local } = params;
    const [visual, textual] = [
      visualVectors(alignmentConfig, params, batch.images),
      textualVectors(alignmentConfig, { encoder, global, local }, batch.texts),
    ];
    assert.deepEqual(
      [visual.shape, textual.shape],
      [
        [3, 5, 8],
        [3, 6, 8],
      ],
    );
    const lengths = scope(() => tf.sqrt(tf.sum(tf.square(tf.concat([visual, textual], 1)), 2)).dataSync());
    assertClose(lengths, new Float32Array(33).fill(1), 1e-5);
    const whole = (x: tf.Tensor3D): tf.Tensor2D => tf.squeeze(tf.slice(x, [0, 0, 0], [-1, 1, -1]), [1]);
    const rest = (x: tf.Tensor3D): tf.Tensor3D => tf.slice(x, [0, 1, 0], [-1, -1, -1]);
    const parts = scope(() => [
      convirtLoss(whole(visual), whole(textual), { tau: 0.5, lambda: 0.5 }).loss.dataSync()[0]!,
      wordPatchLoss(rest(textual), rest(visual), 0.5).loss.dataSync()[0]!,
    ]);
    const found = alignmentLoss(alignmentConfig, params, batch);
    assertClose([found.aux.instance.dataSync()[0]!, found.aux.region.dataSync()[0]!], parts, 1e-5);
    assertClose(found.loss, [parts[0]! + parts[1]!], 1e-5);
    const training = (p: AlignmentParams, b: typeof batch): tf.Scalar =>
      scope(() => withBatchStatistics(p, 1, (statistics) => alignmentLoss(alignmentConfig, p, b, statistics)).out.loss);
    const differentiate = (p: AlignmentParams, b: typeof batch): { value: tf.Scalar; grads: AlignmentParams } =>
      scope(() => ({ ...valueAndGrad(training)(p, b) }));
    const step = compile(differentiate);
    const [eager, compiled] = [differentiate(params, batch), step(params, batch)];
    assertClose(compiled.value, eager.value, 1e-5);
    const untouched = Object.entries(flatten(compiled.grads)).filter(([, g]) => tf.tidy(() => tf.sum(tf.abs(g)).dataSync()[0]!) === 0);
    assert.ok(
      untouched.every(([path]) => /running_|token_type_embeddings/.test(path) || path === 'x'),
      untouched.map(([path]) => path).join(),
    );
    step.dispose();
    dispose(params, batch, visual, textual, found, eager, compiled);
  }),
);

test(
  'the writer: begins with the weights of stage 1, reads what its config says, and no gradient reaches the reader of cases where it is fixed',
  noLeaks(() => {
    checkWriterConfig(writerConfig);
    const start = moved(initAlignment(alignmentConfig, key(1)));
    const params = initWriter(writerConfig, key(2), start);
    const [flat, begun] = [flatten(params as Tree), flatten(start)];
    assert.deepEqual(
      Object.fromEntries(
        Object.entries(flat)
          .map(([path, { shape }]) => [path, shape])
          .sort(),
      ),
      Object.fromEntries(Object.entries(writerShapes(writerConfig)).sort()),
    );
    for (const [path, leaf] of Object.entries(begun))
      for (const name of path.startsWith('text_') ? ['not_inc', 'inc'].map((read) => path.replace(/^(text_[a-z]+)/, `$1_${read}`)) : [path])
        assertClose(flat[name]!, leaf, 0, name);
    const batch: WriterBatch = {
      images: images(4),
      similar: texts([3, 2, 0, 0], 1),
      indication: texts([4, 0, 3, 0], 2),
      ids: tf.tensor2d(
        Array.from({ length: 24 }, (_, i) => 1 + ((5 * i) % 19)),
        [4, 6],
        'int32',
      ),
      labels: tf.tensor2d(
        Array.from({ length: 24 }, (_, i) => (i % 6 < 3 ? 4 : -100)),
        [4, 6],
        'int32',
      ),
    };
    const context = writerContext(writerConfig, params, batch);
    assert.deepEqual(context.shape, [4, 4, 8]);
    // The study with neither is read from its image alone.
    const image = { ...writerConfig, reads: [] };
    const bare = initWriter(image, key(2), start);
    const alone = writerContext(image, { ...bare, text_decoder: params.text_decoder }, { images: batch.images });
    const last = (x: tf.Tensor3D): Float32Array => x.dataSync().slice(3 * 4 * 8) as Float32Array;
    assertClose(last(context), last(alone), 1e-5);
    assert.ok(scope(() => tf.max(tf.abs(tf.sub(context, alone))).dataSync()[0]!) > 1e-3);
    const { value, grads } = scope(() => valueAndGrad((p: WriterParams, b: WriterBatch) => writerLoss(writerConfig, p, b))(params, batch));
    assert.ok(Number.isFinite(value.dataSync()[0]!));
    const untouched = Object.entries(flatten(grads as Tree)).flatMap(([path, g]) =>
      tf.tidy(() => tf.sum(tf.abs(g)).dataSync()[0]!) === 0 ? [path] : [],
    );
    assert.ok(Object.keys(flat).some(isOfCaseReader) && Object.keys(flat).some((path) => !isOfCaseReader(path)));
    assert.deepEqual(
      untouched.filter((path) => /decoder|multi_modal|head\.0\.weight/.test(path)),
      [],
    );
    for (const [wrong, message] of [
      [{ ...writerConfig, output_dim: 9 }, /output_dim is 9, not a multiple of fusion.heads/],
      [{ ...writerConfig, output_dim: 10 }, /decoder.d_vf: expected output_dim, 10/],
      [{ ...writerConfig, reads: ['case', 'case'] }, /names one twice/],
      [{ ...writerConfig, reads: ['prior'] }, /reads/],
      [{ ...writerConfig, decoder: { ...writerConfig.decoder, vocab_size: 21 } }, /decoder.vocab_size/],
    ] as const)
      assert.throws(() => checkWriterConfig(wrong as never), message);
    dispose(start, params as Tree, bare as Tree, batch as Tree, context, alone, value, grads as Tree);
  }),
);
