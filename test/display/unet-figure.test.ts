import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSDOM } from 'jsdom';
import { unetFigure } from 'roentgen-lab/display';
import { sanitize } from '#display/report/sanitize';

const config = {
  sample_size: 32,
  block_out_channels: [32, 64],
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
  attention_head_dim: 8,
};

const drawn = (html: unknown): Element => JSDOM.fragment(String(html)).querySelector('svg')!;
const boxes = (svg: Element): Map<string, Element> =>
  new Map(
    Array.from(
      svg.querySelectorAll('g'),
      (g) => [g.querySelector('title')!.textContent!.split(' ')[0]!, g.querySelector('rect')!] as const,
    ),
  );
const size = (rect: Element | undefined): [number, number] =>
  ['width', 'height'].map((key) => Number(rect!.getAttribute(key))) as [number, number];

test('each block stands where it is in the network: wider with channels, higher with side', () => {
  const svg = drawn(unetFigure(config).bundle()['text/html']);
  const blocks = boxes(svg);
  assert.deepEqual(
    [...blocks.keys()],
    ['conv_in', 'down_blocks.0', 'down_blocks.1', 'mid_block', 'up_blocks.0', 'up_blocks.1', 'conv_norm_out'],
  );
  const [first, second, last] = ['down_blocks.0', 'down_blocks.1', 'up_blocks.1'].map((name) => size(blocks.get(name)));
  assert.ok(second![0] > first![0] && second![1] < first![1]);
  assert.deepEqual(last, first, 'the ways down and up mirror each other');
  const thick = [...blocks].filter(([, rect]) => rect.getAttribute('stroke-width') === '3').map(([name]) => name);
  assert.deepEqual(thick, ['down_blocks.0', 'mid_block', 'up_blocks.1'], 'these read the text');
  assert.equal(svg.querySelectorAll(':scope > path[stroke-dasharray]').length, 2 + 1, 'a skip connection for each level, and the legend');
});

test('times give colours and stand in what a pointer or a screen reader gets', () => {
  const figure = unetFigure(config, { times: { 'down_blocks.0': 2, mid_block: 8.04 }, title: 'A <small> one' });
  const svg = drawn(figure.bundle()['text/html']);
  const blocks = boxes(svg);
  assert.notEqual(blocks.get('mid_block')!.getAttribute('fill'), blocks.get('down_blocks.0')!.getAttribute('fill'));
  assert.match(svg.querySelector('desc')!.textContent!, /mid_block 16 × 16 × 64, reads the text, 8\.0 ms/);
  assert.equal(svg.querySelector('title')!.textContent, 'A <small> one');
  assert.match(String(figure.bundle()['text/plain']), /^\[A <small> one: conv_in 32 × 32 × 32; .*8\.0 ms/);
  assert.ok(Buffer.from(String(figure.bundle()['image/png']), 'base64').length > 5000, 'a picture for where no HTML is shown');
});

test('a report keeps the drawing whole', () => {
  const html = String(unetFigure(config, { times: { mid_block: 1 } }).bundle()['text/html']);
  const [before, after] = [drawn(html), drawn(sanitize(html))];
  assert.equal(after.querySelectorAll('*').length, before.querySelectorAll('*').length);
  assert.match(after.querySelector('image')!.getAttribute('href')!, /^data:image\/png/);
});

test('a config that says nothing is Stable Diffusion; one that contradicts itself is refused', () => {
  assert.match(String(unetFigure({}).bundle(true)['text/plain']), /up_blocks\.3 64 × 64 × 320, reads the text/);
  assert.throws(() => unetFigure({ ...config, up_block_types: ['UpBlock2D'] }), /up_block_types: expected 2, one per level, got 1/);
});
