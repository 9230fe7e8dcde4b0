/** Parts of a picture, and of a text, marked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSDOM } from 'jsdom';
import { markedText, regions } from 'roentgen-lab/display';

const orange = [0xe6 / 255, 0x9f / 255, 0];
const grey = [0.5, 0.5, 0.5];
const pixel = ({ pixels, width }: { pixels: Float32Array; width: number }, x: number, y: number): number[] =>
  Array.from(pixels.subarray(3 * (y * width + x), 3 * (y * width + x) + 3), (value) => Math.round(1e4 * value) / 1e4);
const rounded = (colour: readonly number[]): number[] => colour.map((value) => Math.round(1e4 * value) / 1e4);

test('a mask is tinted inside and outlined, a box is a frame around its pixels, the rest stays', () => {
  const picture = new Float32Array(64).fill(0.5);
  const mask = new Uint8Array(64);
  for (let y = 1; y < 4; y++) for (let x = 1; x < 4; x++) mask[8 * y + x] = 1;
  const marked = regions(picture, [{ mask }, { box: { x: 5, y: 5, width: 1, height: 1 } }]);
  assert.deepEqual(pixel(marked, 1, 2), rounded(orange), 'edge');
  assert.deepEqual(pixel(marked, 2, 2), rounded(grey.map((value, i) => value + 0.22 * (orange[i]! - value))), 'inside');
  assert.deepEqual([pixel(marked, 0, 0), pixel(marked, 5, 5)], [grey, grey]);
  const framed = Array.from({ length: 64 }, (_, i) => i).filter((i) => pixel(marked, i % 8, Math.floor(i / 8))[0]! < 0.4);
  assert.deepEqual(framed, [36, 37, 38, 44, 46, 52, 53, 54]);
  assert.ok(picture.every((value) => value === 0.5));
});

test('a box at the edge stays within the picture; a mask of another size is refused', () => {
  const marked = regions(new Float32Array(16), [{ box: { x: 0, y: 0, width: 4, height: 4 } }]);
  assert.deepEqual(pixel(marked, 3, 3), rounded(orange));
  assert.throws(() => regions(new Float32Array(16), [{ mask: new Uint8Array(15) }]), /mask 0: expected 4 x 4 values, got 15/);
});

const text = 'No <large> effusion. Edema.';
const marks = [
  { start: 3, end: 19, label: 'Effusion', kind: 'absent' },
  { start: 3, end: 19, label: 'Fluid', kind: 'absent' },
  { start: 11, end: 19, label: 'lost', kind: 'absent' },
  { start: 21, end: 26, label: '', kind: 'present' },
];

test('marks share words, none lies over another, and text is shown as text', () => {
  const shown = markedText(text, marks, ['present', 'absent', 'possible']).bundle();
  assert.equal(shown['text/plain'], 'No [<large> effusion → Effusion, Fluid, absent]. [Edema, present].');
  const page = JSDOM.fragment(String(shown['text/html']));
  const [effusion, edema, ...legend] = Array.from(page.querySelectorAll('span'));
  assert.equal(effusion!.textContent, '<large> effusionEffusion, Fluid');
  assert.match(edema!.getAttribute('style')!, /#0072b2/);
  assert.match(effusion!.getAttribute('style')!, /#d55e00/);
  assert.deepEqual(
    legend.map(({ textContent }) => textContent),
    ['present', 'absent'],
    'the kinds that there are',
  );
});

test('marks that cannot be shown are refused', () => {
  assert.throws(
    () => markedText('abc', [{ start: 1, end: 9, label: '', kind: 'x' }], ['x']),
    /expected 0 <= start < end <= 3, got 1 and 9/,
  );
  assert.throws(() => markedText('abc', [{ start: 1, end: 2, label: '', kind: 'y' }], ['x']), /kind: expected x, got y/);
});
