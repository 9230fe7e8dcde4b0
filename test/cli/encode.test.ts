/** `roentgen models` and `roentgen encode`. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BertConfig } from 'roentgen-lab/encoders';
import { dispose, key } from 'roentgen-lab/engine';
import { readSafetensors } from 'roentgen-lab/files';
import { initBert, saveTextEncoder } from '#encoders/internal';
import { noLeaks, root, tempDir } from '../support';
import { roentgen } from './run';

const config: BertConfig = {
  model_type: 'bert',
  vocab_size: 8,
  hidden_size: 8,
  intermediate_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  max_position_embeddings: 6,
};

test(
  'texts of a file become context, mask and pooled; what is cut is counted, and no text is printed',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    const params = initBert(config, key(1));
    await saveTextEncoder(folder, { config, params });
    dispose(params);
    writeFileSync(join(folder, 'vocab.txt'), '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nedema\n');
    const [texts, out] = [join(folder, 'texts.txt'), join(folder, 'out.safetensors')];
    writeFileSync(texts, 'edema\n\nedema edema edema edema edema edema\n');
    const { status, stdout, stderr } = await roentgen(['encode', folder, '--texts', texts, '--out', out, '--json']);
    assert.equal(status, 0, stderr);
    const result = JSON.parse(stdout);
    assert.deepEqual([result.texts, result.lostTokens, result.encoder.kind], [3, [0, 0, 2], 'BERT']);
    assert.ok(!`${stdout}${stderr}`.includes('edema'));
    const written = await readSafetensors(out);
    assert.deepEqual(Object.fromEntries(Object.entries(written).map(([name, { shape }]) => [name, shape])), {
      context: [3, 6, 8],
      mask: [3, 6],
      pooled: [3, 8],
    });
    assert.deepEqual([...written.mask!.data].slice(6, 12), [1, 1, 0, 0, 0, 0]);

    for (const [args, message] of [
      [['encode', 'no-such-model', '--texts', texts, '--out', out], /no-such-model: there is no such folder and no model of that name/],
      [['encode', folder, '--texts', texts, '--out', 'x.json'], /--out: expected a file ending in \.safetensors/],
      [['encode', folder, '--texts', join(folder, 'none'), '--out', out], /none: cannot be read/],
      [['models', 'get', 'no-such-model'], /no-such-model is not known; there is minilm/],
    ] as const) {
      const ended = await roentgen(args);
      assert.match(ended.stderr, message);
      assert.equal(ended.status, 2);
    }
  }),
);

test('models lists what is here and what can be got', async () => {
  const { status, stdout, stderr } = await roentgen(['models', '--json']);
  assert.equal(status, 0, stderr);
  const { here, available } = JSON.parse(stdout) as { here: Record<string, unknown>[]; available: { name: string }[] };
  const listed = here.find(({ name }) => name === 'minilm');
  if (!listed) assert.ok(available.some(({ name }) => name === 'minilm'));
  else {
    const { kind, width, parameters, licence } = listed;
    assert.deepEqual({ kind, width, parameters, licence }, { kind: 'BERT', width: 384, parameters: 22_713_216, licence: 'apache-2.0' });
  }
});

test('a licence is named as its README means it, with or without quotes, and a README that cannot be read hides no model', async (t) => {
  const cases: [readme: string | Buffer, licence: string | undefined][] = [
    ['---\nlanguage: en\nlicense: "other"\n---\n', 'other'],
    ["---\nlicense: 'cc-by-4.0'\n---\n", 'cc-by-4.0'],
    ['---\r\nlicense: mit # as the paper says\r\n---\r\n', 'mit'],
    ['---\nlicense:\n- mit\n- "apache-2.0"\ntags:\n- x\n---\n', 'mit, apache-2.0'],
    ['---\nlicense: [mit, other]\n---\n', 'mit, other'],
    ['---\ntags:\n- x\n---\n', undefined],
    [Buffer.from('---\nlicense: mit\nauthor: J\xf6rg\n---\n', 'latin1'), undefined],
  ];
  const names = cases.map((_, i) => `licence-${process.pid}-${i}`);
  const models = join(root, 'models');
  const folders = names.map((name) => join(models, name));
  const made = existsSync(models) ? folders : [models];
  t.after(() => {
    for (const folder of made) rmSync(folder, { recursive: true, force: true });
  });
  for (const [i, [readme]] of cases.entries()) {
    mkdirSync(folders[i]!, { recursive: true });
    writeFileSync(join(folders[i]!, 'config.json'), JSON.stringify({ model_type: 'bert' }));
    writeFileSync(join(folders[i]!, 'README.md'), readme);
  }
  const { status, stdout, stderr } = await roentgen(['models', '--json']);
  assert.equal(status, 0, stderr);
  const { here } = JSON.parse(stdout) as { here: { name: string; licence?: string }[] };
  for (const [i, [, licence]] of cases.entries()) {
    const entry = here.find(({ name }) => name === names[i]);
    assert.ok(entry, names[i]);
    assert.equal(entry.licence, licence);
  }
});
