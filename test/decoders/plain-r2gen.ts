/** R2Gen's passes in plain loops over doubles, one text, token after token and nothing kept: what the tensors' version is compared with. */

import type * as tf from '@tensorflow/tfjs-core';
import type { R2GenConfig } from 'roentgen-lab/decoders';

type Vector = number[];
type Matrix = Vector[];
/** Parameters by their paths. */
export type Flat = Readonly<Record<string, tf.Tensor>>;

const dot = (a: Vector, b: Vector): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
const add = (a: Vector, b: Vector): Vector => a.map((x, i) => x + b[i]!);
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const relu = (v: Vector): Vector => v.map((x) => Math.max(0, x));
const softmax = (v: Vector): Vector => {
  const raised = v.map((x) => Math.exp(x - Math.max(...v)));
  const total = raised.reduce((a, b) => a + b, 0);
  return raised.map((x) => x / total);
};

export function plainR2Gen(
  config: Required<R2GenConfig>,
  flat: Flat,
): {
  encode: (places: Matrix) => Matrix;
  /** Log-probabilities behind each token. */
  decode: (ids: readonly number[], encoded: Matrix) => Matrix;
} {
  const values = new Map(Object.entries(flat).map(([path, leaf]) => [path, leaf.arraySync() as unknown]));
  const matrix = (path: string): Matrix => values.get(path) as Matrix;
  const vector = (path: string): Vector => values.get(path) as Vector;
  const linear = (path: string, x: Vector): Vector =>
    vector(`${path}.bias`).map((bias, j) => bias + x.reduce((sum, value, i) => sum + value * matrix(`${path}.weight`)[i]![j]!, 0));
  const mlp = (path: string, x: Vector): Vector => linear(`${path}.2`, relu(linear(`${path}.0`, x)));
  const standard = (x: Vector): Vector => {
    const mean = x.reduce((a, b) => a + b, 0) / x.length;
    const deviation = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (x.length - 1));
    return x.map((value) => (value - mean) / (deviation + 1e-6));
  };
  const norm = (path: string, x: Vector): Vector =>
    standard(x).map((value, i) => value * vector(`${path}.gamma`)[i]! + vector(`${path}.beta`)[i]!);
  const conditional = (path: string, x: Vector, memory: Matrix): Vector => {
    const [scale, shift] = [mlp(`${path}.mlp_gamma`, memory.flat()), mlp(`${path}.mlp_beta`, memory.flat())];
    return standard(x).map((value, i) => value * (vector(`${path}.gamma`)[i]! + scale[i]!) + vector(`${path}.beta`)[i]! + shift[i]!);
  };
  const attend = (path: string, query: Vector, seen: Matrix, heads: number): Vector => {
    const q = linear(`${path}.linears.0`, query);
    const [k, v] = [1, 2].map((at) => seen.map((x) => linear(`${path}.linears.${at}`, x))) as [Matrix, Matrix];
    const size = q.length / heads;
    const mixed = Array.from({ length: heads }, (_, h) => {
      const part = (x: Vector): Vector => x.slice(h * size, (h + 1) * size);
      const weights = softmax(k.map((key) => dot(part(q), part(key)) / Math.sqrt(size)));
      return Array.from({ length: size }, (_, d) => weights.reduce((sum, weight, i) => sum + weight * part(v[i]!)[d]!, 0));
    }).flat();
    return linear(`${path}.linears.3`, mixed);
  };
  const feed = (path: string, x: Vector): Vector => linear(`${path}.feed_forward.w_2`, relu(linear(`${path}.feed_forward.w_1`, x)));
  const width = config.d_model;

  const remember = (memory: Matrix, input: Vector): Matrix =>
    memory.map((slot) => {
      const attended = add(slot, attend('model.rm.attn', slot, [...memory, input], config.rm_num_heads));
      const candidate = add(attended, relu(mlp('model.rm.mlp', attended)));
      const gates = add(linear('model.rm.W', input), linear('model.rm.U', slot.map(Math.tanh))).map(sigmoid);
      return slot.map((value, i) => gates[i]! * Math.tanh(candidate[i]!) + gates[width + i]! * value);
    });

  return {
    encode(places) {
      let x = places.map((place) => relu(linear('att_embed.0', place)));
      for (let layer = 0; layer < config.num_layers; layer++) {
        const at = `model.encoder.layers.${layer}`;
        const h = x.map((one) => norm(`${at}.sublayer.0.norm`, one));
        x = x.map((one, i) => add(one, attend(`${at}.self_attn`, h[i]!, h, config.num_heads)));
        x = x.map((one) => add(one, feed(at, norm(`${at}.sublayer.1.norm`, one))));
      }
      return x.map((one) => norm('model.encoder.norm', one));
    },
    decode(ids, encoded) {
      const table = matrix('model.tgt_embed.0.lut.weight');
      const embedded = ids.map((id, t) =>
        table[id]!.map((value, i) => {
          const angle = t / 10_000 ** ((i - (i % 2)) / width);
          return value * Math.sqrt(width) + (i % 2 === 0 ? Math.sin(angle) : Math.cos(angle));
        }),
      );
      const memories: Matrix[] = [];
      let memory: Matrix = Array.from({ length: config.rm_num_slots }, (_, s) =>
        Array.from({ length: width }, (_, i) => (i === s ? 1 : 0)),
      );
      for (const input of embedded) {
        memory = remember(memory, input);
        memories.push(memory);
      }
      let x = embedded;
      for (let layer = 0; layer < config.num_layers; layer++) {
        const at = `model.decoder.layers.${layer}`;
        const normed = (part: number): Matrix => x.map((one, t) => conditional(`${at}.sublayer.${part}.norm`, one, memories[t]!));
        const own = normed(0);
        x = x.map((one, t) => add(one, attend(`${at}.self_attn`, own[t]!, own.slice(0, t + 1), config.num_heads)));
        const asking = normed(1);
        x = x.map((one, t) => add(one, attend(`${at}.src_attn`, asking[t]!, encoded, config.num_heads)));
        const fed = normed(2);
        x = x.map((one, t) => add(one, feed(at, fed[t]!)));
      }
      return x.map((one) => softmax(linear('logit', norm('model.decoder.norm', one))).map(Math.log));
    },
  };
}
