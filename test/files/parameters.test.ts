import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, flatten, key, normal, type Tree } from 'roentgen-lab/engine';
import { FileError, readSafetensors, writeJson, writeSafetensors } from 'roentgen-lab/files';
import { loadParameters, saveParameters } from '#files/parameters';
import { assertClose, fixtures, noLeaks, tempDir } from '../support';

interface Small {
  conv_in: { weight: tf.Tensor; bias: tf.Tensor };
  blocks: { to_q: { weight: tf.Tensor } }[];
  [name: string]: Tree;
}

function small(): Small {
  return {
    conv_in: { weight: normal(key(1), [3, 3, 2, 5]), bias: normal(key(2), [5]) },
    blocks: [{ to_q: { weight: normal(key(3), [4, 6]) } }, { to_q: { weight: normal(key(4), [4, 6]) } }],
    token_embedding: { weight: normal(key(5), [7, 3]) },
  };
}

const shapes = {
  'conv_in.weight': [3, 3, 2, 5],
  'conv_in.bias': [5],
  'blocks.0.to_q.weight': [4, 6],
  'blocks.1.to_q.weight': [4, 6],
  'token_embedding.weight': [7, 3],
};

test(
  'a tree that is saved and loaded is the same tree, in PyTorch layout on disk',
  noLeaks(async (t) => {
    const folder = join(tempDir(t), 'unet');
    const tree = small();
    await saveParameters(folder, 'diffusion_pytorch_model', tree);
    const raw = await readSafetensors(join(folder, 'diffusion_pytorch_model.safetensors'));
    assert.deepEqual(raw['conv_in.weight']!.shape, [5, 2, 3, 3]);
    assert.deepEqual(raw['blocks.0.to_q.weight']!.shape, [6, 4]);
    assert.deepEqual(raw['token_embedding.weight']!.shape, [7, 3]);
    const back = await loadParameters<Small>(folder, { expected: shapes });
    assert.deepEqual(Object.keys(flatten(back)), Object.keys(shapes)); // not the file's order
    assert.ok(Array.isArray(back.blocks));
    for (const [path, leaf] of Object.entries(flatten(tree))) assertClose(flatten(back)[path]!, leaf, 0, path);
    dispose(tree, back);
  }),
);

test(
  'missing, unexpected and wrongly shaped keys come together in one error',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const tree = small();
    await saveParameters(folder, 'model', tree);
    dispose(tree);
    const { 'conv_in.bias': _, ...rest } = shapes;
    const expected = { ...rest, 'conv_out.bias': [4], 'conv_in.weight': [3, 3, 4, 5] };
    await assert.rejects(loadParameters(folder, { expected }), (error: Error) => {
      assert.ok(error instanceof FileError);
      assert.match(error.message, /model\.safetensors/);
      assert.match(error.message, /missing \(1\):\s+conv_out\.bias/);
      assert.match(error.message, /unexpected \(1\):\s+conv_in\.bias/);
      assert.match(error.message, /wrong shape.*\(1\):\s+conv_in\.weight: expected \[5, 4, 3, 3\], got \[5, 2, 3, 3\]/);
      return true;
    });
  }),
);

test(
  'renaming works both ways, and undefined drops a tensor',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const tree = { embeddings: { position_ids: tf.tensor([1, 2], [2], 'int32'), weight: normal(key(1), [2, 3]) } };
    await saveParameters(folder, 'model', tree, { rename: (name) => `text_model.${name}` });
    assert.deepEqual(Object.keys(await readSafetensors(join(folder, 'model.safetensors'))), [
      'text_model.embeddings.weight',
      'text_model.embeddings.position_ids',
    ]);
    const back = await loadParameters(folder, {
      rename: (name) => (name.endsWith('position_ids') ? undefined : name.replace(/^text_model\./, '')),
      expected: { 'embeddings.weight': [2, 3] },
    });
    assert.deepEqual(Object.keys(flatten(back)), ['embeddings.weight']);
    await assert.rejects(loadParameters(folder, { rename: () => 'same' }), /both .* hold the parameter same/);
    dispose(tree, back);
  }),
);

test(
  'a sharded model is put together by its index',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    await writeSafetensors(join(folder, 'model-1.safetensors'), { 'a.bias': { shape: [1], data: Float32Array.of(1) } });
    await writeSafetensors(join(folder, 'model-2.safetensors'), { 'b.bias': { shape: [1], data: Float32Array.of(2) } });
    const index = join(folder, 'model.safetensors.index.json');
    await writeJson(index, { weight_map: { 'a.bias': 'model-1.safetensors', 'b.bias': 'model-2.safetensors' } });
    const tree = await loadParameters(folder);
    assert.deepEqual(
      Object.entries(flatten(tree)).map(([name, leaf]) => [name, leaf.dataSync()[0]]),
      [
        ['a.bias', 1],
        ['b.bias', 2],
      ],
    );
    dispose(tree);
    await writeJson(index, { weight_map: { 'a.bias': '../elsewhere.safetensors' } });
    await assert.rejects(loadParameters(folder), /weight_map does not name files of this folder/);
    await writeJson(index, { weight_map: { 'a.bias': 'model-3.safetensors' } });
    await assert.rejects(loadParameters(folder), /model-3\.safetensors: cannot be read: there is no such file/);
  }),
);

test('a pickle in place of safetensors gets an error that says how to convert it', async (t) => {
  const folder = tempDir(t);
  await assert.rejects(loadParameters(join(folder, 'none')), /none: cannot be read: there is no such file or folder/);
  await assert.rejects(loadParameters(folder), /has no diffusion_pytorch_model\.safetensors or model\.safetensors$/);
  mkdirSync(join(folder, 'sub'));
  writeFileSync(join(folder, 'sub', 'pytorch_model.bin'), 'PK');
  await assert.rejects(loadParameters(join(folder, 'sub'), { file: 'model' }), /it has pytorch_model\.bin\..*save_file/);
});

test(
  'names that would make a parameter a branch too are refused',
  noLeaks(async (t) => {
    const path = join(tempDir(t), 'a.safetensors');
    const one = { shape: [1], data: Float32Array.of(1) };
    await writeSafetensors(path, { a: one, 'a.b': one });
    await assert.rejects(loadParameters(path), /holds a and, below it, a\.b/);
  }),
);

test(
  'a folder that diffusers saved is saved again byte for byte',
  noLeaks(async (t) => {
    const unet = fixtures('pipeline', 'tiny_sd', 'unet');
    if (!unet) return t.skip('the shared fixtures are missing');
    const tree = await loadParameters(unet);
    const folder = tempDir(t);
    await saveParameters(folder, 'diffusion_pytorch_model', tree);
    const name = 'diffusion_pytorch_model.safetensors';
    assert.ok((await readFile(join(folder, name))).equals(await readFile(join(unet, name))));
    dispose(tree);
  }),
);

/** A safetensors file of 16-bit numbers: float16 or bfloat16 bit patterns of 1, -2 and 0.5. */
function writeHalf(path: string, dtype: 'F16' | 'BF16'): void {
  const values = dtype === 'F16' ? [0x3c00, 0xc000, 0x3800] : [0x3f80, 0xc000, 0x3f00];
  const header = JSON.stringify({ bias: { dtype, shape: [3], data_offsets: [0, 6] } }).padEnd(64);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path, Buffer.concat([length, Buffer.from(header), Buffer.from(Uint16Array.from(values).buffer)]));
}

test(
  'variants are found by name: the plain file first, the only one by itself, one of several when asked for; 16-bit values become float32',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const read = async (variant?: string): Promise<number[]> => {
      const { bias } = await loadParameters<{ bias: tf.Tensor }>(folder, { file: 'model', variant });
      const values = Array.from(bias.dataSync());
      bias.dispose();
      return values;
    };
    await assert.rejects(read('fp16'), /has no model\.safetensors/);
    writeHalf(join(folder, 'model.fp16.safetensors'), 'F16');
    assert.deepEqual(await read(), [1, -2, 0.5]);
    assert.deepEqual(await read('fp16'), [1, -2, 0.5]);
    writeHalf(join(folder, 'model.bf16.safetensors'), 'BF16');
    await assert.rejects(read(), /has model\.bf16\.safetensors, model\.fp16\.safetensors; ask for one/);
    assert.deepEqual(await read('bf16'), [1, -2, 0.5]);
    await writeSafetensors(join(folder, 'model.safetensors'), { bias: { shape: [3], data: Float32Array.of(4, 5, 6) } });
    assert.deepEqual(await read(), [4, 5, 6]);
    assert.deepEqual(await read('bf16'), [1, -2, 0.5]);
    assert.deepEqual(await read('other'), [4, 5, 6], 'a part without the variant has its plain file');
  }),
);

test(
  'the shards of a variant are found by its index',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const names = ['a', 'b'].map((key, i) => [key, `diffusion_pytorch_model.fp16-0000${i + 1}-of-00002.safetensors`] as const);
    for (const [key, name] of names)
      await writeSafetensors(join(folder, name), { [key]: { shape: [1], data: Float32Array.of(name.length) } });
    const index = { metadata: { total_size: 8 }, weight_map: Object.fromEntries(names) };
    await writeJson(join(folder, 'diffusion_pytorch_model.safetensors.index.fp16.json'), index);
    const tree = await loadParameters<{ a: tf.Tensor; b: tf.Tensor }>(folder, { expected: { a: [1], b: [1] }, variant: 'fp16' });
    assert.deepEqual(Object.keys(flatten(tree)).sort(), ['a', 'b']);
    dispose(tree);
  }),
);

test(
  'a linear layer that was stored as a 1×1 convolution is the same matrix',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const path = join(folder, 'model.safetensors');
    await writeSafetensors(path, { 'to_q.weight': { shape: [2, 3, 1, 1], data: Float32Array.of(1, 2, 3, 4, 5, 6) } });
    const tree = await loadParameters<{ to_q: { weight: tf.Tensor } }>(path, { expected: { 'to_q.weight': [3, 2] } });
    assert.deepEqual(tree.to_q.weight.arraySync(), [
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    dispose(tree);
    await assert.rejects(loadParameters(path, { expected: { 'to_q.weight': [2, 2] } }), /wrong shape/);
  }),
);
