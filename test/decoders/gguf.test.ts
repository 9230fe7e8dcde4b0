/** GGUF files, made here value by value. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadGgufModel } from 'roentgen-lab/decoders';
import { dispose } from 'roentgen-lab/engine';
import { assertClose, noLeaks, tempDir } from '../support';

const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value: number): Buffer => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const f32 = (...values: number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
const entry = {
  number: (key: string, value: number) => Buffer.concat([text(key), u32(4), u32(value)]),
  float: (key: string, value: number) => Buffer.concat([text(key), u32(6), f32(value)]),
  text: (key: string, value: string) => Buffer.concat([text(key), u32(8), text(value)]),
  texts: (key: string, values: readonly string[]) => Buffer.concat([text(key), u32(9), u32(8), u64(values.length), ...values.map(text)]),
  numbers: (key: string, values: readonly number[]) => Buffer.concat([text(key), u32(9), u32(5), u64(values.length), ...values.map(u32)]),
};

/** float16 of 0.5 and of -1. */
const [HALF, MINUS_ONE] = [Buffer.from([0x00, 0x38]), Buffer.from([0x00, 0xbc])];

interface Stored {
  readonly name: string;
  /** Rows first. */
  readonly shape: readonly number[];
  readonly kind: number;
  readonly data: Buffer;
}

const WIDTH = 32;
const plain = (name: string, ...shape: number[]): Stored => ({
  name,
  shape,
  kind: 0,
  data: f32(...Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i))),
});

/** Every row holds the numbers 0 … 31 in bytes, times one half. */
const bytesOfRows = (rows: number): Buffer =>
  Buffer.concat(
    Array.from({ length: rows }, () => Buffer.concat([HALF, Buffer.from(Int8Array.from({ length: 32 }, (_, i) => i - 16).buffer)])),
  );
/** Every row's values are 0.5 · (its place mod 16) - 1. */
const nibblesOfRows = (rows: number): Buffer =>
  Buffer.concat(
    Array.from({ length: rows }, () =>
      Buffer.concat([HALF, MINUS_ONE, Buffer.from(Uint8Array.from({ length: 16 }, (_, i) => i | (i << 4)))]),
    ),
  );

function written(t: TestContext, change: (metadata: Buffer[]) => Buffer[] = (same) => same): string {
  const tokens = ['a', 'b', 'ab', 'Ġ', '<|end|>'];
  const metadata = change([
    entry.text('general.architecture', 'llama'),
    ...Object.entries({
      embedding_length: WIDTH,
      feed_forward_length: 32,
      block_count: 1,
      'attention.head_count': 2,
      'attention.head_count_kv': 1,
      context_length: 16,
    }).map(([key, value]) => entry.number(`llama.${key}`, value)),
    entry.float('llama.attention.layer_norm_rms_epsilon', 1e-5),
    entry.float('llama.rope.freq_base', 10000),
    entry.text('tokenizer.ggml.model', 'gpt2'),
    entry.texts('tokenizer.ggml.tokens', tokens),
    entry.texts('tokenizer.ggml.merges', ['a b']),
    entry.numbers('tokenizer.ggml.token_type', [1, 1, 1, 1, 3]),
    entry.number('tokenizer.ggml.eos_token_id', 4),
  ]);
  const tensors: Stored[] = [
    { name: 'token_embd.weight', shape: [5, WIDTH], kind: 8, data: bytesOfRows(5) },
    plain('output_norm.weight', WIDTH),
    plain('blk.0.attn_norm.weight', WIDTH),
    plain('blk.0.ffn_norm.weight', WIDTH),
    plain('blk.0.attn_q.weight', WIDTH, WIDTH),
    plain('blk.0.attn_k.weight', 16, WIDTH),
    plain('blk.0.attn_v.weight', 16, WIDTH),
    plain('blk.0.attn_output.weight', WIDTH, WIDTH),
    { name: 'blk.0.ffn_gate.weight', shape: [32, WIDTH], kind: 3, data: nibblesOfRows(32) },
    plain('blk.0.ffn_up.weight', 32, WIDTH),
    plain('blk.0.ffn_down.weight', WIDTH, 32),
  ];
  let offset = 0;
  const [infos, data]: [Buffer[], Buffer[]] = [[], []];
  for (const { name, shape, kind, data: values } of tensors) {
    infos.push(Buffer.concat([text(name), u32(shape.length), ...[...shape].reverse().map(u64), u32(kind), u64(offset)]));
    const padded = Buffer.concat([values, Buffer.alloc((32 - (values.length % 32)) % 32)]);
    data.push(padded);
    offset += padded.length;
  }
  const head = Buffer.concat([Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(metadata.length), ...metadata, ...infos]);
  const path = join(tempDir(t), 'model.gguf');
  writeFileSync(path, Buffer.concat([head, Buffer.alloc((32 - (head.length % 32)) % 32), ...data]));
  return path;
}

test(
  'blocks become float32, rows of queries lie in halves, and the vocabulary is byte pairs',
  noLeaks(async (t) => {
    const model = await loadGgufModel(written(t));
    const params = model.params as unknown as {
      model: {
        embed_tokens: { weight: never };
        layers: { mlp: { gate_proj: { weight: never } }; self_attn: { q_proj: { weight: never } } }[];
      };
    };
    const values = (tensor: { dataSync(): Float32Array }): Float32Array => tensor.dataSync();
    const byRow = values(params.model.embed_tokens.weight).subarray(0, 32);
    assertClose(
      byRow,
      Array.from({ length: 32 }, (_, i) => (i - 16) / 2),
      0,
    );
    const gate = values(params.model.layers[0]!.mlp.gate_proj.weight); // [in, out]
    assertClose([gate[0]!, gate[32]!, gate[16 * 32]!, gate[17 * 32]!], [-1, -0.5, -1, -0.5], 0);
    const q = values(params.model.layers[0]!.self_attn.q_proj.weight);
    // Row 2 of the file, the first half's second, is output 1.
    assertClose([q[1]!, q[8]!], [Math.sin(2 * WIDTH), Math.sin(WIDTH)], 1e-6);
    assert.deepEqual(model.tokenizer.ids('ab a<|end|>'), [2, 3, 0, 4]);
    assert.equal(model.tokenizer.eosId, 4);
    assert.equal(model.text([2, 3, 0, 4]), 'ab a<|end|>');
    assert.equal(model.chat, undefined);
    dispose(model.params);
  }),
);

test('another architecture, another format and a cut file are refused', async (t) => {
  const other = written(t, (metadata) => [entry.text('general.architecture', 'mamba'), ...metadata.slice(1)]);
  await assert.rejects(loadGgufModel(other), /general\.architecture: expected "llama", got "mamba"/);
  const path = join(tempDir(t), 'no.gguf');
  writeFileSync(path, 'PK..');
  await assert.rejects(loadGgufModel(path), /is not a GGUF file/);
  writeFileSync(path, Buffer.concat([Buffer.from('GGUF'), u32(3), u64(1), u64(9)]));
  await assert.rejects(loadGgufModel(path), /ends within its header/);
});
