import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changes } from 'roentgen-lab/display';

test('a number or a name as before and after, of a text the words that differ', () => {
  const before = { encoder: 'new BERT', prompt: 'PA view. Large right effusion.', seed: 1 };
  assert.deepEqual(changes(before, before), []);
  assert.deepEqual(changes(before, { ...before, seed: 2 }), ['seed 1 → 2']);
  assert.deepEqual(changes(before, { ...before, prompt: 'PA view. Large left effusion.' }), ['right → left']);
  assert.deepEqual(changes(before, { ...before, prompt: 'PA view. Large right effusion. New tube.' }), ['+ New tube.']);
  assert.deepEqual(changes(before, { ...before, prompt: 'PA view. effusion.' }), ['− Large right']);
  assert.deepEqual(changes(before, { ...before, prompt: '' }), ['− PA view. Large right effusion.']);
  assert.deepEqual(changes({ encoder: 'new BERT', note: '' }, { encoder: 'new T5', note: 'old' }), [
    'encoder new BERT → new T5',
    'note (empty) → old',
  ]);
  assert.deepEqual(changes({ prompt: '' }, { prompt: 'one two three four five six seven' }), ['+ one two three four five six …']);
});
