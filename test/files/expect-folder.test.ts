import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadTextEncoder } from 'roentgen-lab/encoders';
import { FileError } from 'roentgen-lab/files';
import { loadModel } from 'roentgen-lab/pipelines';
import { tempDir } from '../support';

test("a folder that is not there is named, with the command that brings it; one that holds the model is told from the model's", async (t) => {
  const root = tempDir(t);
  const run = join(root, 'runs', 'other');
  mkdirSync(join(run, 'model'), { recursive: true });
  mkdirSync(join(root, 'runs', 'quickstart'), { recursive: true });
  writeFileSync(join(run, 'model', 'model_index.json'), '{}');
  const cases: [call: (folder: string) => Promise<unknown>, folder: string, message: string][] = [
    [loadTextEncoder, 'models/minilm', 'is not there; "npx roentgen models get minilm" brings it'],
    [loadTextEncoder, 'models/bert', 'is not there'],
    [loadModel, 'runs/base/model', 'is not there; "npm run quickstart -- --data world" brings it'],
    [loadModel, 'runs/quickstart/model', 'is not there; "npm run quickstart" brings it'],
    [loadModel, 'runs/quickstart', 'is not the folder of a model: it has no model_index.json; "npm run quickstart" brings it'],
    [loadModel, 'runs/other', `is not the folder of a model: it has no model_index.json; there is one in ${join(run, 'model')}`],
  ];
  for (const [call, name, message] of cases) {
    const folder = join(root, name);
    await assert.rejects(call(folder), (error) => error instanceof FileError && error.message === `${folder}: ${message}`, name);
  }
});
