import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDataset, openPhantom, openSplit, openWorld, phantomSplit, vocabularyTexts, worldSplit } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { WORLD_KINDS, type WorldKind } from '#datasets/world/types';
import { root, tempDir } from '../support';

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** How each kind is recognised in a caption; written without a look at the templates. */
const WORDS: Readonly<Record<WorldKind, RegExp>> = {
  disc: /\bdiscs?\b|\bcircles?\b(?! of)|round spots?/,
  ring: /\brings?\b|\bhoops?\b/,
  square: /\bsquares?\b|\bbox(es)?\b/,
  triangle: /\btriangles?\b/,
  bar: /\bbars?\b|\brods?\b/,
  cross: /\bcross(es)?\b|\bplus signs?\b/,
  star: /\bstars?\b/,
  crescent: /\bcrescents?\b(?! moon)|\bsickles?\b/,
  ellipse: /\bellipses?\b|\bovals?\b/,
  arrow: /\barrows?\b/,
  hexagon: /\bhexagons?\b/,
  heart: /\bhearts?\b/,
  diamond: /\bdiamonds?\b|\brhombus\b/,
  sun: /\bsun\b/,
  moon: /\bmoon\b/,
  cloud: /\bclouds?\b/,
  house: /\bhouses?\b|\bcottages?\b|\bhuts?\b/,
  tree: /\btrees?\b/,
  hills: /\bhills\b|\bhilly\b/,
  mountains: /\bmountains?\b/,
  sea: /\bsea\b|\bocean\b|\bwater\b|\bwaves\b|\bwavy\b|\bripples\b/,
  boat: /\bboats?\b/,
  bird: /\bbirds?\b/,
  flower: /\bflowers?\b|\bblossoms?\b/,
  fish: /\bfish(es)?\b/,
  face: /\bfaces?\b/,
  'starry sky': /\bnight\b|\b(the|many) stars\b|full of stars|\bstarry\b/,
  stripes: /\bstripes\b/,
  checkerboard: /\bc(heck|hess)(er)?board\b/,
  bricks: /\bbricks?\b/,
};

/** A caption without words that arrangements and the night sky share with shapes. */
const bare = (text: string): string =>
  text
    .toLowerCase()
    .replace(/in a circle of/g, '')
    .replace(/\b(five|six|seven)\b(.*?) (arranged in|forming|in) a circle/g, '$1$2')
    .replace(/(the|many|full of) stars/g, 'starry');

test('a new process makes the same captions and bytes, and threads and the cache too', async (t) => {
  const script = `
    const { openWorld } = require('roentgen-lab/datasets');
    (async () => {
      const world = openWorld({ seed: 9, count: 70, cache: false });
      const hash = require('node:crypto').createHash('sha256');
      for (const i of [0, 7, 69]) hash.update(JSON.stringify(world.record(i))).update(await world.pixels(i, 64));
      console.log(hash.digest('hex'));
    })();`;
  const cache = tempDir(t);
  const world = openWorld({ seed: 9, count: 70, cache });
  const pictures = await world.batch(range(70), 64);
  assert.equal(readdirSync(cache).length, 1, 'kept on disk');
  assert.deepEqual(await openWorld({ seed: 9, count: 70, cache }).batch(range(70), 64), pictures, 'from the cache');
  const hash = createHash('sha256');
  for (const i of [0, 7, 69]) hash.update(JSON.stringify(world.record(i))).update(pictures.slice(i * 4096, (i + 1) * 4096));
  assert.equal(execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' }).trim(), hash.digest('hex'));
});

test('the count does not change the scenes, another seed does', async () => {
  const [few, many, other] = [openWorld({ seed: 4, count: 10 }), openWorld({ seed: 4, count: 500 }), openWorld({ seed: 5, count: 10 })];
  for (const i of range(10)) assert.deepEqual(few.record(i), many.record(i));
  const texts = (world: typeof few): string[] => range(10).map((i) => world.record(i).text);
  assert.notDeepEqual(texts(few), texts(other));
  assert.notEqual(few.fingerprint, other.fingerprint);
  assert.notEqual(few.fingerprint, openPhantom({ seed: 4, count: 10 }).fingerprint);
});

test('a caption names every labelled thing and nothing else', () => {
  const world = openWorld({ seed: 31, count: 4000 });
  for (const i of range(world.length)) {
    const { text, labels } = world.record(i);
    const read = bare(text);
    for (const kind of WORLD_KINDS) {
      // A night may go unsaid where the moon says it, and a wave pattern and a sea are one kind.
      if (kind === 'starry sky' && labels.moon === 1) continue;
      if (kind === 'sea' && labels.boat === 1 && /\bboats?\b/.test(read)) continue;
      const named = WORDS[kind].test(kind === 'star' ? read.replace(/starry/g, '') : read);
      assert.equal(named, labels[kind] === 1, `record ${i}: ${kind}: ${text}`);
    }
  }
});

test('the sides of a caption are those of the record', () => {
  const world = openWorld({ seed: 32, count: 4000 });
  let seen = 0;
  for (const i of range(world.length)) {
    const { text, sides } = world.record(i);
    for (const side of ['left', 'right'] as const) {
      const relation = new RegExp(`^(?:.*? )?(\\w+) (?:to the )?${side} of (.*)$`).exec(text.replace(/swimming \w+|pointing \w+/g, ''));
      if (!relation || /swimming|pointing/.test(text)) continue;
      const named = WORLD_KINDS.filter(
        (kind) => sides[kind] && WORDS[kind].test(relation[0].slice(0, relation.index + relation[0].indexOf(` ${side} of`))),
      );
      for (const kind of named) assert.equal(sides[kind], side, `record ${i}: ${text}`);
      seen += named.length;
    }
    for (const kind of Object.keys(sides)) assert.match(text, /left|right/, `record ${i}: ${kind}: ${text}`);
  }
  assert.ok(seen > 100, `${seen} relations`);
});

test('what a caption says of a place is there: the named side differs from an empty background', async () => {
  const world = openWorld({ seed: 33, count: 1500, cache: false });
  let seen = 0;
  for (const i of range(world.length)) {
    const { text, sides, labels } = world.record(i);
    const shown = Object.values(labels).reduce((sum: number, label) => sum + label, 0);
    const [side] = Object.values(sides);
    if (shown !== 1 || !side || !/ on (white|black|grey|gray|dark grey|light grey)\.$/.test(text)) continue;
    const picture = await world.pixels(i, 64);
    const background = picture[32]!; // the top row's middle
    let [sum, count] = [0, 0];
    picture.forEach((value, at) => {
      if (Math.abs(value - background) <= 0.15) return;
      sum += ((at % 64) + 0.5) / 64;
      count++;
    });
    const middle = sum / count;
    assert.ok(side === 'left' ? middle < 0.4 : middle > 0.6, `record ${i}: ${text}: its middle is at ${middle}`);
    seen++;
  }
  assert.ok(seen >= 15, `${seen} pictures`);
});

test('the vocabulary has a few hundred words, captions fit the window, and nearly all differ', () => {
  const world = openWorld({ seed: 1, count: 7000 });
  const texts = range(7000).map((i) => world.record(i).text);
  const words = new Set(texts.flatMap((text) => text.toLowerCase().match(/[a-z]+/g)!));
  assert.ok(words.size >= 200 && words.size <= 400, `${words.size} words: ${[...words].sort().join(' ')}`);
  assert.ok(new Set(texts).size > 5500, `${new Set(texts).size} different captions`);
  for (const text of texts) assert.ok(!/\ba (?=[aeiou])|\ban (?=[^aeiou])|\{|\(|\||undefined| {2}/i.test(text), text);

  const recipe = JSON.parse(readFileSync(join(root, 'data', 'recipes', 'base.json'), 'utf8')) as { tokenizer: { vocabulary_size: number } };
  const phantom = phantomSplit({ train: 1000, test: 10 }).train;
  const prompts = range(1000).map((i) => phantom.record(i).text);
  const tokenizer = trainBpe([...texts, ...vocabularyTexts('world')], { vocabularySize: recipe.tokenizer.vocabulary_size, maxLength: 24 });
  for (const [what, list] of Object.entries({ captions: texts, prompts })) {
    const lost = tokenizer.encodeBatch(list).lostTokens.filter((tokens) => tokens > 0).length;
    assert.ok(lost <= 0.005 * list.length, `${what}: ${lost} of ${list.length} are cut`);
  }
});

test('every kind has its share, and sides are balanced', () => {
  const world = openWorld({ seed: 2, count: 4000 });
  const records = range(4000).map((i) => world.record(i));
  assert.equal(world.findings, WORLD_KINDS);
  for (const kind of WORLD_KINDS) {
    const share = records.filter(({ labels }) => labels[kind] === 1).length / 4000;
    assert.ok(share > 0.018 && share < 0.16, `${kind}: ${share}`);
  }
  const sides = records.flatMap((record) => Object.values(record.sides));
  const left = sides.filter((side) => side === 'left').length / sides.length;
  assert.ok(sides.length > 1200 && left > 0.46 && left < 0.54, `${left} of ${sides.length} on the left`);
});

test('a picture is the same scene at every size', async () => {
  const world = openWorld({ seed: 6, count: 60, cache: false });
  for (const i of range(60)) {
    const [small, large] = [await world.pixels(i, 64), await world.pixels(i, 256)];
    let apart = 0;
    for (const at of range(4096)) {
      let sum = 0;
      for (const k of range(16)) sum += large[(4 * Math.floor(at / 64) + Math.floor(k / 4)) * 256 + 4 * (at % 64) + (k % 4)]!;
      apart += Math.abs(sum / 16 - small[at]!) / 4096;
    }
    assert.ok(apart < 0.02, `record ${i}: mean difference ${apart}: ${world.record(i).text}`);
    const spread = Math.max(...small) - Math.min(...small);
    assert.ok(spread > 0.25, `record ${i}: ${spread}: ${world.record(i).text}`);
  }
});

test('the world is opened by its name, its parts do not meet, and options are checked', async () => {
  const opened = await openDataset({ data: 'world' });
  assert.equal(opened.name, 'world');
  const { train, test: held } = await openSplit({ data: 'world', counts: { train: 30, test: 20 }, key: key(1), size: 16 });
  assert.deepEqual([train.length, held.length], [30, 20]);
  assert.deepEqual(train.record(3), worldSplit({ train: 30, test: 20 }).train.record(3));
  const ids = new Set(range(30).map((i) => train.record(i).patient));
  assert.ok(range(20).every((i) => !ids.has(held.record(i).patient)));
  assert.throws(() => openWorld({ seed: 0.5 }), /seed: expected an integer >= 0, got 0.5/);
  assert.throws(() => openWorld({ count: 0 }), /count: expected an integer >= 1, got 0/);
  await assert.rejects(opened.pixels(0, 8), /world: size: expected an integer from 16 to 1024, got 8/);
  assert.throws(() => opened.record(1000), /world: record 1000: expected an integer from 0 to 999/);
});
