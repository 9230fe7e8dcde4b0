// Tokens a second of SmolLM2-135M, greedy, a token at a time, beside transformers and llama.cpp where they are given. Rounds alternate, each in a process of its own.
//   node bench/decoders/smollm2.mjs [--rounds 3] [--python PYTHON] [--llama-cpp FOLDER]
// PYTHON has torch, transformers and gguf; FOLDER's node_modules node-llama-cpp with its binaries.
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));
const FILE = join(here, '..', '..', 'models', 'smollm2', 'SmolLM2-135M-Instruct.Q4_1.gguf');
const [TOKENS, WARM] = [96, 8];
const QUESTION = 'What does a chest X-ray show?';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    python: { type: 'string' },
    'llama-cpp': { type: 'string' },
    worker: { type: 'string' },
  },
});

/** What a worker prints: tokens a second behind the first ones, and the text, by which one sees that it is the same model. */
const report = (times, text) => {
  const rest = times.slice(WARM);
  console.log(JSON.stringify({ perSecond: (1000 * rest.length) / rest.reduce((a, b) => a + b, 0), text }));
};

async function ours() {
  const { loadGgufModel, writeTokens } = require('roentgen-lab/decoders');
  const { startEngine } = require('roentgen-lab/engine');
  await startEngine();
  const model = await loadGgufModel(FILE);
  const ids = model.tokenizer.ids(model.chat([{ role: 'user', content: QUESTION }], { answer: true }));
  const [times, tokens] = [[], []];
  let at = performance.now();
  for await (const [token] of writeTokens(model, { ids: [ids] }, { maxNewTokens: TOKENS, end: -1, padding: 2 })) {
    times.push(performance.now() - at);
    tokens.push(token);
    at = performance.now();
  }
  report(times, model.text(tokens.slice(0, 24)));
}

async function llamaCpp(folder) {
  const { getLlama } = await import(createRequire(join(realpathSync(folder), 'package.json')).resolve('node-llama-cpp'));
  const llama = await getLlama({ gpu: false, build: 'never', maxThreads: 2, logLevel: 'error' });
  const model = await llama.loadModel({ modelPath: FILE });
  const context = await model.createContext({ contextSize: 512, threads: 2 });
  const sequence = context.getSequence();
  const prompt = model.tokenize(
    `<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n<|im_start|>user\n${QUESTION}<|im_end|>\n<|im_start|>assistant\n`,
    true,
  );
  const [times, tokens] = [[], []];
  let at = performance.now();
  for await (const token of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
    times.push(performance.now() - at);
    tokens.push(token);
    if (tokens.length === TOKENS) break;
    at = performance.now();
  }
  report(times, model.detokenize(tokens.slice(0, 24)));
}

if (values.worker === 'ours') await ours();
else if (values.worker === 'llama.cpp') {
  await llamaCpp(values['llama-cpp']);
  process.exit(0);
} else {
  const self = fileURLToPath(import.meta.url);
  const kinds = [
    ['ours, float32', [process.execPath, self, '--worker', 'ours']],
    ...(values.python ? [['transformers, float32', [values.python, join(here, 'smollm2.py'), realpathSync(FILE), String(TOKENS), String(WARM)]]] : []),
    ...(values['llama-cpp']
      ? [['llama.cpp, 4 bits', [process.execPath, self, '--worker', 'llama.cpp', '--llama-cpp', values['llama-cpp']]]]
      : []),
  ];
  const speeds = new Map(kinds.map(([name]) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++)
    for (const [name, [command, ...args]] of kinds) {
      const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, OMP_NUM_THREADS: '2' } });
      if (status !== 0) throw new Error(`${name}: ${stderr}`);
      const { perSecond, text } = JSON.parse(stdout.trim().split('\n').at(-1));
      speeds.get(name).push(perSecond);
      if (round === 0) console.log(`${name}: ${JSON.stringify(text)}`);
    }
  const sorted = (name) => speeds.get(name).toSorted((a, b) => a - b);
  const middle = (all) => all[Math.floor(all.length / 2)];
  const reference = middle(sorted(kinds[0][0]));
  console.log('\n| | tokens a second: median (least to most) | ours against it |\n|---|---|---|');
  for (const [name] of kinds) {
    const all = sorted(name);
    console.log(`| ${name} | ${middle(all).toFixed(1)} (${all[0].toFixed(1)} to ${all.at(-1).toFixed(1)}) | ${(reference / middle(all)).toFixed(2)} |`);
  }
}
