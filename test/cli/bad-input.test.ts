/** Bad input has one exit status, 2, and one line that names the file, whatever the command and whatever is wrong. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startEngine } from 'roentgen-lab/engine';
import { disposeModel, saveModel } from 'roentgen-lab/pipelines';
import { tinyModel } from '../pipelines/tiny-model';
import { roentgen } from './run';

const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n';

describe('bad input', { concurrency: 2 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'roentgen-bad-input-'));
  const model = join(folder, 'model');
  const file = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  /** A copy of the model with another value in one of its configs. */
  const broken = (name: string, config: string, change: object): string => {
    const own = join(folder, name);
    mkdirSync(own);
    for (const part of ['unet', 'vae', 'text_encoder', 'tokenizer', 'scheduler']) mkdirSync(join(own, part));
    for (const path of ['model_index.json', ...parts]) writeFileSync(join(own, path), readFileSync(join(model, path)));
    writeFileSync(join(own, config), JSON.stringify({ ...JSON.parse(readFileSync(join(own, config), 'utf8')), ...change }));
    return own;
  };
  const parts = ['unet', 'vae', 'text_encoder'].map((part) => `${part}/config.json`).concat('scheduler/scheduler_config.json');

  before(async () => {
    await startEngine();
    const m = tinyModel();
    await saveModel(m, model);
    disposeModel(m);
    for (const name of ['tokenizer.json', 'tokenizer_config.json']) parts.push(`tokenizer/${name}`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const out = join(folder, 'out');
  const cases: Readonly<Record<string, readonly [args: () => string[], what: RegExp]>> = {
    'generate: a U-Net of too many layers': [
      () => ['generate', broken('a', 'unet/config.json', { layers_per_block: 1e8 }), '--prompt', 'x', '--out', out],
      /unet\/config\.json: .*layers_per_block: expected a whole number from 1 to 1000/,
    ],
    'generate: a key that is not known': [
      () => ['generate', broken('b', 'unet/config.json', { brand_new: 3 }), '--prompt', 'x', '--out', out],
      /unet\/config\.json: .*brand_new is unknown/,
    ],
    'generate: heads that are none': [
      () => ['generate', broken('c', 'unet/config.json', { attention_head_dim: 0 }), '--prompt', 'x', '--out', out],
      /unet\/config\.json: .*attention_head_dim/,
    ],
    'generate: a scheduler that is not offered': [
      () => ['generate', broken('d', 'scheduler/scheduler_config.json', { _class_name: 'LCMScheduler' }), '--prompt', 'x', '--out', out],
      /scheduler_config\.json: .*LCMScheduler is not supported; choose one of .*ddim.*--scheduler/,
    ],
    'generate: a method of no such name': [
      () => ['generate', model, '--scheduler', 'ddjm', '--prompt', 'x', '--out', out],
      /ddjm is not supported/,
    ],
    'generate: parts of two models': [
      () => ['generate', broken('e', 'text_encoder/config.json', { hidden_size: 32 }), '--prompt', 'x', '--out', out],
      /the text encoder is 32 wide, but the U-Net's cross_attention_dim is 16/,
    ],
    'generate: prompts in another encoding': [
      () => ['generate', model, '--prompts', file('latin1.txt', Buffer.from('normal\nGr\xf6\xdfe\n', 'latin1')), '--out', out],
      /latin1\.txt: line 2 is not UTF-8 \(Windows-1252\?\)/,
    ],
    'generate: prompts in UTF-16 without a mark': [
      () => ['generate', model, '--prompts', file('wide.txt', Buffer.from('PA chest.\n', 'utf16le')), '--out', out],
      /wide\.txt: line 1 has NUL characters: it is UTF-16/,
    ],
    'generate: a CSV that is none, without its text': [
      () => ['generate', model, '--prompts', file('texts.csv', 'id,report\n1,"undefined" effusion\n'), '--column', 'report', '--out', out],
      /texts\.csv: is not valid CSV: row 2: there is text behind the quote that closes a cell$/m,
    ],
    'encode: a pointer for a vocabulary': [
      () => {
        const own = broken('f', 'unet/config.json', {});
        writeFileSync(join(own, 'tokenizer', 'tokenizer.json'), pointer);
        return ['encode', own, '--texts', file('texts.txt', 'normal\n'), '--out', `${out}.safetensors`];
      },
      /(tokenizer\.json: is a git-lfs pointer|text_encoder: has no model\.safetensors)/,
    ],
    'encode: a .json file that holds no list': [
      () => ['encode', model, '--texts', file('texts.json', '{"texts": ["normal"]}'), '--out', `${out}.safetensors`],
      /texts\.json: expected a list of texts/,
    ],
    'encode: a length with no room': [
      () => ['encode', model, '--texts', file('short.txt', 'normal\n'), '--max-length', '2', '--out', `${out}.safetensors`],
      /the length 2: expected an integer above 2/,
    ],
    'train: a recipe with a text for a number': [
      () => ['train', file('recipe.json', '{"extends": "smoke", "size": "large"}'), '--out', out],
      /recipe\.json: size: expected a whole number from 1 to 16384, got "large"/,
    ],
    'train: a recipe that is no object': [() => ['train', file('null.json', 'null'), '--out', out], /null\.json: is not a JSON object/],
    'train: a value of --set': [
      () => ['train', 'smoke', '--set', 'unet.sample_size=1e9', '--out', out],
      /sample_size: expected null, or a whole number from 1 to 16384/,
    ],
    'mlm: a recipe of too many layers': [
      () => ['mlm', file('encoder.json', '{"name": "x", "config": {"num_hidden_layers": 1000000000}}'), '--out', out],
      /encoder\.json: tokenizer is missing/,
    ],
    'strategies: a recipe': [
      () => ['strategies', '--model', model, '--only', file('other.json', '{"extends": "smoke", "vae": null}'), '--out', out],
      /other\.json: vae: expected an object, got null/,
    ],
    'quickstart: a recipe, before any kernel starts': [
      () => ['quickstart', '--recipe', file('quick.json', '{"extends": "smoke", "unet": {"layers_per_block": 0}}')],
      /quick\.json: .*layers_per_block: expected a whole number from 1.*, got 0/,
    ],
    'runs: a config that is none': [
      () => {
        mkdirSync(join(folder, 'run'));
        return ['runs', join(file('run/config.json', '{}'), '..')];
      },
      /run\/config\.json: is not the config\.json of a run/,
    ],
    'runs: a line of a log that is none': [
      () => {
        mkdirSync(join(folder, 'logged'));
        file('logged/log.jsonl', '{"step": 1, "loss": 0.5}\nnull\n');
        return ['runs', join(file('logged/config.json', '{"recipe": {"name": "x"}, "seed": 1}'), '..')];
      },
      /log\.jsonl: line 2 is not that of a step/,
    ],
    'report: a damaged cell': [
      () => ['report', file('book.ipynb', '{"nbformat": 4, "cells": [{"cell_type": "markdown", "source": ""}, null]}')],
      /book\.ipynb: cell 2 is damaged/,
    ],
  };
  for (const [name, [args, what]] of Object.entries(cases))
    test(name, async () => {
      const { status, stdout, stderr } = await roentgen(args());
      assert.match(stderr, what);
      assert.equal(status, 2, stderr);
      assert.equal(stdout, '');
      assert.doesNotMatch(stderr, /\n\s+at /, 'no stack');
      assert.doesNotMatch(stderr, /undefined|not a function|not iterable/, 'no word of JavaScript');
      assert.ok(!existsSync(join(out, 'model')));
    });
});
