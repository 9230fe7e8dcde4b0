// Memory and seconds of a run by the number of its images, from disk and from memory: node bench/training/streaming.mjs
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadPixels, pixelRows } from 'roentgen-lab/datasets';
import { key, startEngine } from 'roentgen-lab/engine';
import { fitDiffusion, fitVae, initModel, loadRecipe, overrideRecipe } from 'roentgen-lab/experiments';
import { trainBpe } from 'roentgen-lab/tokenizers';

const counts = [1000, 8000, 24000];
const SIZE = 64;
const MiB = () => Math.round(process.resourceUsage().maxRSS / 1024);

/** Images that cost nothing to make, so that what is measured is the way through disk and training. */
function invented(length) {
  return {
    name: 'invented',
    credit: 'invented',
    findings: [],
    length,
    fingerprint: `invented ${length}`,
    record: (i) => ({ id: String(i), patient: String(i), text: 'no acute process', labels: {}, sides: {} }),
    pixels: async (i, size) => Float32Array.from({ length: size * size }, (_, at) => ((i * 7 + at) % 256) / 255),
  };
}

async function measure({ count, from, folder }) {
  await startEngine();
  const recipe = overrideRecipe(await loadRecipe('smoke'), { size: SIZE, 'vae.optimisation.steps': 10, 'diffusion.optimisation.steps': 10 });
  const model = initModel(recipe, trainBpe(['no acute process'], { vocabularySize: 600, maxLength: 24 }), key(1));
  const before = MiB();
  const t0 = performance.now();
  const options = { cache: join(folder, 'pixels'), onNote() {} };
  const images = await (from === 'disk' ? pixelRows : loadPixels)(invented(count), SIZE, options);
  const t1 = performance.now();
  await fitVae(model, recipe, images, { key: key(2) });
  const encoded = from === 'disk' ? { latentFolder: join(folder, 'latents'), contextFolder: join(folder, 'contexts') } : {};
  const t2 = performance.now();
  await fitDiffusion(model, recipe, images, Array(count).fill('no acute process'), { key: key(3), ...encoded });
  return { images: t1 - t0, vae: t2 - t1, diffusion: performance.now() - t2, more: MiB() - before };
}

if (process.argv[2]) {
  console.log(JSON.stringify(await measure(JSON.parse(process.argv[2]))));
} else {
  console.log('images   from     pixels s  autoencoder s  latents and diffusion s  peak over the start');
  for (const count of counts)
    for (const from of ['memory', 'disk']) {
      const folder = mkdtempSync(join(tmpdir(), 'streaming-'));
      const out = execFileSync(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify({ count, from, folder })], { encoding: 'utf8' });
      const { images, vae, diffusion, more } = JSON.parse(out.trim().split('\n').at(-1));
      const seconds = (ms, width) => (ms / 1000).toFixed(1).padStart(width);
      console.log(`${String(count).padEnd(8)} ${from.padEnd(7)}${seconds(images, 10)}${seconds(vae, 15)}${seconds(diffusion, 25)}${String(more).padStart(17)} MiB`);
      rmSync(folder, { recursive: true });
    }
}
