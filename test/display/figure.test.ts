import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { barFigure, dotFigure, figure, histogram, lineFigure } from 'roentgen-lab/display';
import sharp from 'sharp';
import { jupyterDisplay } from '#display/displayable';
import { plotlyMime } from '#display/figure';
import { lossPlot } from '#display/loss';
import { palette } from '#display/palette';
import { root } from '../support';

interface Pixels {
  readonly width: number;
  readonly height: number;
  count(matches: (r: number, g: number, b: number, x: number, y: number) => boolean): number;
}

async function decode(png: Uint8Array): Promise<Pixels> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return {
    width: info.width,
    height: info.height,
    count: (matches) => {
      let total = 0;
      for (let i = 0; i < info.width * info.height; i++) {
        if (matches(data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!, i % info.width, Math.floor(i / info.width))) total += 1;
      }
      return total;
    },
  };
}

const dark = (r: number, g: number, b: number): boolean => r + g + b < 300;

test('a figure is one bundle of JSON, PNG and text', async () => {
  const shown = figure({
    data: [{ name: 'loss', x: new Float32Array([1, 2, 3]), y: [0.1, Number.NaN, 0.3] }],
    layout: { title: { text: 'Fit' } },
  });
  const bundle = shown[jupyterDisplay]();
  assert.deepEqual(Object.keys(bundle).sort(), [plotlyMime, 'image/png', 'text/plain'].sort());
  const spec = bundle[plotlyMime] as { data: { x: unknown; y: unknown }[] };
  assert.deepEqual(JSON.parse(JSON.stringify(spec)), spec, 'survives JSON');
  assert.deepEqual(spec.data[0]!.x, [1, 2, 3], 'typed arrays become arrays');
  assert.deepEqual(spec.data[0]!.y, [0.1, null, 0.3], 'what is not finite becomes a gap');
  assert.match(String(bundle['text/plain']), /^\[Fit: .*loss.*3 points; 1 not finite\]$/);
  const { width, height } = await decode(Buffer.from(String(bundle['image/png']), 'base64'));
  assert.deepEqual([width, height], [760, 420]);
});

test('float32 values are written without rounding noise', () => {
  const shown = figure({ data: [{ y: new Float32Array([0.1]) }] });
  assert.deepEqual(shown.spec.data[0]!.y, [0.1]);
});

test('pictures have their tick labels and titles', async () => {
  const data = [{ x: [0, 1], y: [10_000, 20_000] }];
  // Left of the y axis there are only its labels; under the x axis only its.
  const left = async (layout: object): Promise<number> =>
    (await decode(figure({ data, layout: { yaxis: layout } }).png())).count(
      (r, g, b, x, y) => x < 140 && y > 80 && y < 700 && dark(r, g, b),
    );
  const labelled = await left({});
  assert.ok(labelled > 500, `expected ink beside the y axis, got ${labelled} pixels`);
  assert.ok((await left({ showticklabels: false })) < labelled / 10, 'the ink beside the axis is its labels');
  const bottom = await decode(figure({ data, layout: { xaxis: { title: { text: 'a long axis title' } } } }).png());
  assert.ok(bottom.count((r, g, b, _x, y) => y > 770 && dark(r, g, b)) > 500, 'the x title is inside the picture');
});

test('bars are as long as their values', async () => {
  const shown = barFigure({ categories: ['a', 'b'], series: [{ name: 'v', values: [1, 3] }], xTitle: 'kind', yTitle: 'time (s)' });
  const picture = await decode(shown.png());
  const blue = palette[0]!.match(/[0-9a-f]{2}/g)!.map((hex) => Number.parseInt(hex, 16));
  const area = (from: number, to: number): number =>
    picture.count((r, g, b, x) => x >= from && x < to && r === blue[0] && g === blue[1] && b === blue[2]);
  const ratio = area(picture.width / 2 + 40, picture.width) / area(0, picture.width / 2 + 40);
  assert.ok(Math.abs(ratio - 3) < 0.05, `expected areas 1 to 3, got 1 to ${ratio.toFixed(2)}`);
});

test('a heat map has its cells with sharp edges', async () => {
  const shown = figure({
    data: [
      {
        type: 'heatmap',
        z: [
          [0, 1],
          [1, 0],
        ],
        showscale: false,
        colorscale: [
          [0, '#ff0000'],
          [1, '#0000ff'],
        ],
      },
    ],
  });
  const picture = await decode(shown.png());
  const red = picture.count((r, g, b) => r === 255 && g === 0 && b === 0);
  const blue = picture.count((r, g, b) => r === 0 && g === 0 && b === 255);
  assert.ok(red > 100_000 && Math.abs(red - blue) < red / 50, `red ${red}, blue ${blue}`);
});

test('where the picture fails the figure still shows and says so', () => {
  const bundle = figure({ data: [{ y: [1] }], layout: { width: 20_000, height: 20_000 } }).bundle();
  assert.ok(plotlyMime in bundle);
  assert.ok(!('image/png' in bundle));
  assert.match(String(bundle['text/plain']), /no picture: .*too large/);
});

test('a draft is a picture: a plot renderer keeps the first figure that it was given', () => {
  const shown = figure({ data: [{ y: [1] }] });
  assert.deepEqual(Object.keys(shown.bundle(true)), ['text/plain', 'image/png']);
  assert.deepEqual(Object.keys(shown.bundle()), [plotlyMime, 'text/plain', 'image/png']);
});

test('text in titles and names is text', () => {
  const shown = lineFigure({ title: 'a <b>& b', series: [{ name: 'x', x: [1], y: [1] }], xTitle: 'x', yTitle: 'y' });
  assert.equal((shown.spec.layout.title as { text: string }).text, 'a &lt;b&gt;&amp; b');
  assert.match(String(shown.bundle(true)['text/plain']), /a <b>& b/);
});

test('intervals say what they are', () => {
  const series = [{ name: 'a', x: [1, 2], y: [1, 2], low: [0, 1], high: [2, 3] }];
  assert.throws(() => lineFigure({ series, xTitle: 'x', yTitle: 'y' }), /interval/);
  const shown = lineFigure({ series, xTitle: 'x', yTitle: 'y', interval: '95% of 20 seeds' });
  assert.match(JSON.stringify(shown.spec.layout.title), /95% of 20 seeds/);
  const bars = { categories: ['a'], xTitle: 'x', yTitle: 'y', interval: 'sd' };
  assert.throws(() => barFigure({ ...bars, series: [{ name: 'a', values: [1], low: [0] }] }), /both low and high/);
  const asymmetric = barFigure({ ...bars, series: [{ name: 'a', values: [5], low: [4], high: [8] }] });
  const { array, arrayminus } = asymmetric.spec.data[0]!.error_y as { array: number[]; arrayminus: number[] };
  assert.deepEqual([array, arrayminus], [[3], [1]]);
});

test('series of the wrong length are named', () => {
  assert.throws(() => lineFigure({ series: [{ name: 'fid', x: [1, 2], y: [1] }], xTitle: 'x', yTitle: 'y' }), {
    name: 'RangeError',
    message: /"fid".*expected 2 values, got 1/,
  });
});

test('a histogram counts every finite value once', () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i));
  values[3] = Number.NaN;
  const shown = histogram({ series: [{ name: 'v', values }], xTitle: 'value' });
  const counts = shown.spec.data[0]!.y as number[];
  assert.equal(
    counts.reduce((a, b) => a + b, 0),
    999,
  );
  assert.throws(() => histogram({ series: [{ name: 'v', values: [Number.NaN] }], xTitle: 'x' }), /finite/);
  const constant = histogram({ series: [{ name: 'v', values: [2, 2, 2] }], xTitle: 'x' });
  assert.equal(Math.max(...(constant.spec.data[0]!.y as number[])), 3, 'equal values share a bin');
});

test('bins of whole numbers hold equally many of them, and a line marks a limit', () => {
  const values = Array.from({ length: 400 }, (_, i) => 5 + (i % 40));
  const shown = histogram({ series: [{ name: 'tokens', values }], xTitle: 'tokens', bins: 20, reference: { value: 32, label: 'window' } });
  assert.deepEqual(new Set(shown.spec.data[0]!.y as number[]), new Set([20]), 'no comb');
  assert.equal((shown.spec.data[0]!.x as number[])[0], 5.5, 'the first bin holds 5 and 6');
  assert.deepEqual(shown.spec.layout.shapes, [
    { type: 'line', x0: 32, x1: 32, y0: 0, y1: 1, yref: 'paper', line: { dash: 'dash', width: 1.5, color: '#767676' } },
  ]);
});

test('dots have the order of their categories, and what is unknown is none', () => {
  const shown = dotFigure({
    categories: ['edema', 'fracture'],
    series: [
      { name: 'ours', values: [0.1, Number.NaN] },
      { name: 'paper', values: [0.2, 0.3] },
    ],
    xTitle: 'fraction',
    yTitle: '',
  });
  assert.deepEqual(shown.spec.data[0]!.x, [0.1, null]);
  assert.deepEqual((shown.spec.layout.yaxis as { categoryarray: string[] }).categoryarray, ['edema', 'fracture']);
  assert.throws(() => dotFigure({ categories: ['a'], series: [{ name: 's', values: [1, 2] }], xTitle: 'x', yTitle: '' }), {
    name: 'RangeError',
    message: /"s".*expected 1 values, got 2/,
  });
});

test('a loss plot keeps its size and its mean, and is logarithmic only where it can be', () => {
  const steps = Array.from({ length: 50_000 }, (_, i) => i);
  const losses = steps.map((i) => 1 + Math.cos(i / 1000) / 2);
  const shown = lossPlot([{ name: 'train', x: steps, y: losses }]);
  const drawn = shown.spec.data[0]!.y as number[];
  assert.ok(drawn.length <= 1000, `${drawn.length} points`);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  assert.ok(Math.abs(mean(drawn) - mean(losses)) < 1e-3);
  assert.equal((shown.spec.layout.yaxis as { type: string }).type, 'log');
  const zero = lossPlot([{ name: 'kl', x: [0, 1], y: [0, 0.1] }]);
  assert.equal((zero.spec.layout.yaxis as { type?: string }).type, undefined);
});

test('pictures leave nothing behind that keeps a process alive', () => {
  const script = "const { figure } = require('roentgen-lab/display'); console.log(figure({ data: [{ y: [1, 2] }] }).png().length)";
  const out = execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8', timeout: 60_000 });
  assert.ok(Number(out) > 1000);
});
