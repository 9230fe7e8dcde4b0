/** What the quickstart explains with: the drawing of the model and the film of its training. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSDOM } from 'jsdom';
import { filmStrip, type PipelineShapes, pipelineFigure } from 'roentgen-lab/display';
import { sanitize } from '#display/report/sanitize';
import { fakeHost } from './fake-host';

const shapes: PipelineShapes = { tokens: 24, vocabulary: 1000, contextWidth: 64, latents: [16, 16, 4], steps: 20, image: [64, 64, 1] };

test('the drawing has each box once with its sizes, in the order of the data, and links that a report drops', () => {
  const bundle = pipelineFigure(shapes, { 'U-Net': '06-inside-the-unet.ipynb' }).bundle();
  const page = JSDOM.fragment(String(bundle['text/html']));
  const read = page.textContent!;
  const order = [
    'Words',
    'Tokens',
    'Text encoder',
    '24 × 64',
    'Noise',
    '20 times',
    'U-Net',
    '16 × 16 × 4',
    'Scheduler',
    'Decoder',
    'Image',
    '64 × 64 × 1',
  ];
  let at = -1;
  for (const name of order) {
    const next = read.indexOf(name, at + 1);
    assert.ok(next > at, `${name} comes after what is before it`);
    at = next;
  }
  assert.deepEqual(
    Array.from(page.querySelectorAll('a'), (link) => [link.textContent, link.getAttribute('href')]),
    [['U-Net', '06-inside-the-unet.ipynb']],
  );
  assert.doesNotMatch(sanitize(String(bundle['text/html'])), /href/);
  assert.match(String(bundle['text/plain']), /words .* tokens \(24\) .* 20 times \[U-Net .* image \(64 × 64 × 1\)/);
});

const grey = (value: number, prompt?: string) => ({
  pixels: new Float32Array(4).fill(value),
  width: 2,
  height: 2,
  channels: 1 as const,
  prompt,
});

test('a film strip keeps what was drawn before, and ends with the goal', (t) => {
  const sent = fakeHost(t);
  const film = filmStrip({ label: 'real', pictures: [grey(0.1), grey(0.2)], captions: ['one', '<two>'] });
  film.add('0 steps', [grey(0.5, 'one'), grey(0.6, 'two')]);
  film.add('9 steps', [grey(0.7, 'one'), grey(0.8, 'two')]);
  film.end();
  const page = JSDOM.fragment(String(sent.at(-1)!.bundle['text/html']));
  const texts = (name: string): (string | null)[] => Array.from(page.querySelectorAll(`.rg-${name}`), ({ textContent }) => textContent);
  assert.deepEqual(texts('label'), ['0 steps', '9 steps', 'real', '0 steps', '9 steps', 'real']);
  assert.deepEqual(texts('caption'), ['one', '<two>']);
  assert.deepEqual(texts('note'), ['synthetic, not for diagnosis']);
  assert.match(page.querySelector<HTMLElement>('.rg-cells')!.style.gridTemplateColumns, /repeat\(3/);
  assert.ok(new Set(sent.map(({ id }) => id)).size === 1, 'one place in the output');
  assert.throws(() => film.add('12 steps', [grey(0)]), /12 steps: expected 2 pictures, one for each row, got 1/);
});
