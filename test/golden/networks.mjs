// Step 1 of 2: writes the networks of networks.json with the project's random weights, and their inputs, as model folders.
//   node test/golden/networks.mjs FOLDER && python test/golden/networks.py FOLDER
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const { startEngine, key, foldIn } = require('roentgen-lab/engine');
const { normalArray } = require('#engine/internal');
const { writeSafetensors } = require('roentgen-lab/files');
const { initUNet } = require('roentgen-lab/unet');
const { saveUNet } = require('#unet/internal');
const { initVae, saveVae } = require('#vae/internal');
const { initClipText } = require('roentgen-lab/encoders');
const { saveClipText } = require('#encoders/internal');

const folder = process.argv[2];
const golden = JSON.parse(readFileSync(new URL('networks.json', import.meta.url), 'utf8'));
const save = { unet: [initUNet, saveUNet], vae: [initVae, saveVae], text_encoder: [initClipText, saveClipText] };

await startEngine();
for (const [name, [init, write]] of Object.entries(save)) {
  const { config, seed, inputs = {} } = golden[name];
  await write(join(folder, name), { config, params: init(config, key(seed)) });
  const tensors = Object.entries(inputs).map(([input, shape], i) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return [input, { shape, data: normalArray(foldIn(key(seed), 1000 + i), size) }];
  });
  if (tensors.length > 0) await writeSafetensors(join(folder, name, 'inputs.safetensors'), Object.fromEntries(tensors));
}
