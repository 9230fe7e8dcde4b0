import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findModelFolder, findPublished, modelsFolder, published } from '#files/published-models';
import { root, tempDir } from '../support';

test('models are found by name and by the paths that are listed, from any folder; what is here comes first', (t) => {
  const name = `test-found-${process.pid}`;
  const [named, made] = [join(modelsFolder, name), join(root, 'runs', name, 'model')];
  for (const folder of [named, made]) mkdirSync(folder, { recursive: true });
  const [before, elsewhere] = [process.cwd(), tempDir(t)];
  t.after(() => {
    process.chdir(before);
    rmSync(named, { recursive: true });
    rmSync(join(root, 'runs', name), { recursive: true });
  });
  process.chdir(elsewhere);
  assert.equal(findModelFolder(name), named);
  assert.equal(findModelFolder(`models/${name}`), named);
  assert.equal(findModelFolder(`models/${name}/`), named);
  assert.equal(findModelFolder(`runs/${name}/model`), made);
  for (const none of [
    '',
    `${name}-not`,
    `models/${name}-not`,
    `runs/${name}/other`,
    `../models/${name}`,
    `models/../models/${name}`,
    '/none',
  ])
    assert.equal(findModelFolder(none), undefined, none);
  const found = findPublished(published[0]!);
  assert.equal(findModelFolder('models/minilm'), found);
  assert.equal(findModelFolder('minilm'), found);
  mkdirSync(join(elsewhere, 'models', name), { recursive: true });
  assert.equal(findModelFolder(`models/${name}`), `models/${name}`);
});
