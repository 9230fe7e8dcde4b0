import assert from 'node:assert/strict';
import { test } from 'node:test';
import { degradationsOf, evaluateInstruments, type FeatureSpace } from 'roentgen-lab/evaluation';
import { noLeaks, tempDir } from '../../support';
import { phantomBench } from '../bench';

/** What is seen of an image by hand: its mean, or its means and its differences of neighbours in quarters. */
function handMade(name: 'mean' | 'texture'): FeatureSpace & { readonly calls: { images: number } } {
  const calls = { images: 0 };
  const width = name === 'mean' ? 1 : 8;
  return {
    name,
    definition: `${name} by hand (v1)`,
    identity: name,
    width,
    calls,
    async extract(pixels, size) {
      const images = pixels.length / size ** 2;
      calls.images += images;
      const out = new Float32Array(images * width);
      for (let at = 0; at < pixels.length; at++) {
        const [i, y, x] = [Math.floor(at / size ** 2), Math.floor(at / size) % size, at % size];
        const quarter = name === 'mean' ? 0 : 2 * (2 * Math.floor((2 * y) / size) + Math.floor((2 * x) / size));
        out[i * width + quarter]! += pixels[at]! / size ** 2;
        if (name === 'texture' && x > 0) out[i * width + quarter + 1]! += Math.abs(pixels[at]! - pixels[at - 1]!) / size ** 2;
      }
      return out;
    },
    dispose: () => undefined,
  };
}

test(
  'the mean grey is blind to blur, texture is not; each image goes through a space once',
  noLeaks(async (t) => {
    const bench = await phantomBench(tempDir(t), { train: 4, test: 64 });
    const spaces = [handMade('mean'), handMade('texture')];
    const degradations = degradationsOf(bench.test).filter(({ name }) => name === 'blur' || name === 'shapeless images');
    const { rows, passing, tables, figures } = await evaluateInstruments(bench, { spaces, degradations });
    const verdict = (instrument: string, degradation: string): string =>
      rows.find((row) => row.instrument.name === instrument && row.degradation.name === degradation)!.verdict;
    assert.equal(verdict('FID, mean', 'blur'), 'blind');
    assert.equal(verdict('FID, texture', 'blur'), 'rises');
    assert.equal(verdict('two-sample test, texture', 'blur'), 'rises');
    assert.equal(verdict('two-sample network', 'blur'), 'rises');
    assert.ok(passing.includes('FID, texture') && !passing.includes('FID, mean'), passing.join());
    const table = tables.find(({ name }) => name === 'verdicts')!;
    assert.equal(table.rows.length, 2 * 7 + 1);
    assert.match(String(table.rows.find(({ instrument }) => instrument === 'FID, mean')!.blur), /^blind/);
    assert.deepEqual(
      figures.map(({ name }) => name),
      ['blur', 'shapeless-images', 'degradations'],
    );
    // 64 real images, 3 × 64 blurred, and each image made shapeless once.
    assert.equal(spaces[0]!.calls.images, 64 * (1 + 3 + 1));
  }),
);
