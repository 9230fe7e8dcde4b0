import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { JSDOM } from 'jsdom';
import { imageGrid, notForDiagnosis, type Picture, pictures } from 'roentgen-lab/display';
import sharp from 'sharp';
import { sanitize } from '#display/report/sanitize';
import { tempDir } from '../support';

/** A picture whose pixels all differ. */
function ramp(width: number, height: number): Picture {
  const pixels = Float32Array.from({ length: width * height }, (_, i) => i / (width * height));
  return { pixels, width, height, channels: 1 };
}

async function pixelsOf(png: Uint8Array): Promise<{ width: number; height: number; at(x: number, y: number): number[] }> {
  const { data, info } = await sharp(png).toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): number[] => Array.from(data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3));
  return { width: info.width, height: info.height, at };
}

function dom(grid: ReturnType<typeof imageGrid>): DocumentFragment {
  return JSDOM.fragment(String(grid.bundle()['text/html']));
}

test('a montage holds exactly the pixels, each as a square', async () => {
  const picture = ramp(8, 6);
  const { at } = await pixelsOf(imageGrid([picture, picture], undefined, { scale: 3, columns: 2 }).png());
  for (const left of [12, 12 + 24 + 12]) {
    for (let y = 0; y < 18; y++) {
      for (let x = 0; x < 24; x++) {
        const value = Math.round(255 * picture.pixels[Math.floor(y / 3) * 8 + Math.floor(x / 3)]!);
        assert.deepEqual(at(left + x, 12 + y), [value, value, value], `pixel ${x}, ${y}`);
      }
    }
  }
});

test('a file whose pictures are enlarged says so below them; a page, which enlarges only while it shows, does not', async () => {
  const picture = ramp(160, 20);
  const darkBelow = async (scale: number): Promise<number> => {
    const { width, height, at } = await pixelsOf(imageGrid([picture], undefined, { scale }).png());
    let dark = 0;
    for (let y = 12 + 20 * scale; y < height; y++) for (let x = 0; x < width; x++) dark += at(x, y)[0]! < 128 ? 1 : 0;
    return dark;
  };
  assert.equal(await darkBelow(1), 0);
  assert.ok((await darkBelow(2)) > 50, 'no words below the picture');
  assert.doesNotMatch(String(imageGrid([picture], undefined, { scale: 2 }).bundle()['text/html']), /drawn as/);
});

test('the window says what is black and white', async () => {
  const picture = { pixels: new Float32Array([-1, 0, 0.5, 1]), width: 2, height: 2, channels: 1 } as const;
  const { at } = await pixelsOf(imageGrid([picture], undefined, { scale: 1, window: [0, 0.5] }).png());
  assert.deepEqual([at(12, 12)[0], at(13, 12)[0], at(12, 13)[0], at(13, 13)[0]], [0, 0, 255, 255]);
  assert.throws(() => imageGrid([picture], undefined, { window: [1, 1] }), /window/);
});

test('what is not finite is magenta and counted, never black', async () => {
  const grid = imageGrid([new Float32Array([0, Number.NaN, Number.POSITIVE_INFINITY, 1])], undefined, { scale: 1 });
  const { at } = await pixelsOf(grid.png());
  assert.deepEqual(at(13, 12), [255, 0, 255]);
  assert.deepEqual(at(12, 13), [255, 0, 255]);
  assert.match(String(grid.bundle()['text/plain']), /2 values are not finite/);
});

test('colour pictures keep their channels', async () => {
  const picture = { pixels: new Float32Array([1, 0, 0, 0, 1, 0]), width: 2, height: 1, channels: 3 } as const;
  const { at } = await pixelsOf(imageGrid([picture], undefined, { scale: 1 }).png());
  assert.deepEqual(
    [at(12, 12), at(13, 12)],
    [
      [255, 0, 0],
      [0, 255, 0],
    ],
  );
});

test('captions and labels are text, whatever they hold', () => {
  const evil = '</div><script>alert(1)</script><img src=x onerror=alert(1)> "quoted" & \'single\'';
  const page = dom(imageGrid([ramp(4, 4)], [evil], { labels: [evil], title: evil }));
  for (const part of ['.rg-caption', '.rg-label', '.rg-title']) assert.equal(page.querySelector(part)?.textContent, evil, part);
  assert.equal(page.querySelectorAll('script').length, 0);
  assert.equal(page.querySelectorAll('img').length, 1);
});

test('a text with characters that XML forbids still makes a picture', () => {
  assert.ok(imageGrid([ramp(64, 64)], ['bell \u0007, escape \u001b, \ud800 and 漢字']).png().length > 500);
});

test('long texts make the picture higher, never wider', async () => {
  const short = await pixelsOf(imageGrid([ramp(64, 64)], ['Normal.']).png());
  const long = await pixelsOf(imageGrid([ramp(64, 64)], [`${'word '.repeat(400)}${'x'.repeat(500)}`]).png());
  assert.equal(long.width, short.width);
  assert.ok(long.height > short.height && long.height < short.height + 200, `${short.height} and ${long.height}`);
});

test('generated pictures say that they are synthetic, real ones do not', () => {
  const generated = imageGrid([{ ...ramp(4, 4), prompt: 'Large left effusion.' }]);
  assert.match(String(generated.bundle()['text/html']), new RegExp(notForDiagnosis));
  assert.match(String(generated.bundle()['text/plain']), new RegExp(notForDiagnosis));
  assert.ok(Buffer.from(generated.png()).includes(notForDiagnosis), 'the file itself says so');
  assert.equal(dom(generated).querySelector('.rg-caption')?.textContent, 'Large left effusion.');
  assert.doesNotMatch(String(imageGrid([ramp(4, 4)]).bundle()['text/html']), new RegExp(notForDiagnosis));
});

test('each picture enlarges by click and by key, without a script and after sanitizing', () => {
  const html = String(imageGrid([ramp(4, 4), ramp(4, 4)], ['Normal.', '']).bundle()['text/html']);
  for (const page of [html, sanitize(html)].map((text) => JSDOM.fragment(text))) {
    // A disclosure: the browser itself gives its summary a place in the order of keys, a role and a state.
    const summaries = Array.from(page.querySelectorAll('details > summary'));
    assert.deepEqual(
      summaries.map((summary) => summary.querySelector('img')?.getAttribute('alt')),
      ['Normal.', 'picture'],
    );
    assert.equal(page.querySelectorAll('input, label, script, [id], [tabindex]').length, 0);
  }
});

test('bad input is named', () => {
  assert.throws(() => imageGrid([]), /at least one picture/);
  assert.throws(() => imageGrid([new Float32Array(12)]), /square/);
  assert.throws(() => imageGrid([{ pixels: new Float32Array(3), width: 2, height: 2, channels: 1 }]), /expected 2 x 2 x 1 values, got 3/);
  assert.throws(() => imageGrid([ramp(2, 2)], ['a', 'b']), /expected 1 captions.*got 2/);
  assert.throws(() => imageGrid([ramp(2, 2)], undefined, { scale: 1.5 }), /scale/);
  assert.throws(() => imageGrid([ramp(2, 2)], undefined, { columns: 0 }), /columns/);
});

test('a batch in one array becomes single pictures', () => {
  const batch = pictures(
    Float32Array.from({ length: 3 * 4 }, (_, i) => i),
    2,
  );
  assert.deepEqual(
    batch.map(({ pixels }) => Array.from(pixels)),
    [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, 10, 11],
    ],
  );
  assert.throws(() => pictures(new Float32Array(5), 2), /expected n x 2 x 2/);
});

test('save writes what the bundle shows', async (t) => {
  const grid = imageGrid([ramp(16, 16)], ['Normal.']);
  const path = join(tempDir(t), 'grid.png');
  await grid.save(path);
  assert.equal(readFileSync(path).toString('base64'), grid.bundle()['image/png']);
});
