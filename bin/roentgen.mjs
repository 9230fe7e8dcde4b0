#!/usr/bin/env node
// The command `roentgen`. Set-up comes first because it makes what all other commands are loaded from.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { requireNode } from '../kernels/setup/node.mjs';
import { readStamp } from '../kernels/setup/stamp.mjs';

requireNode();

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
const program = join(root, 'dist', 'cli', 'main.js');
const args = process.argv.slice(2);
const wantsHelp = args.includes('--help') || args.includes('-h');
const [command] = args;

if (command === 'setup' && !wantsHelp) {
  const { runSetUp } = await import('../kernels/setup.mjs');
  process.exitCode = await runSetUp(args.slice(1));
} else {
  if ((command === 'quickstart' || command === 'lab') && !wantsHelp) {
    const { runSetUp } = await import('../kernels/setup.mjs');
    const code = await runSetUp();
    if (code !== 0) process.exit(code);
  }
  // Whoever set up with --engine wasm means it, also where TensorFlow is linked from before.
  if (readStamp(join(root, '.cache', 'setup.json')).engine === 'wasm') process.env.ROENTGEN_BACKEND ??= 'wasm';
  if (existsSync(program)) {
    const { main } = await import(pathToFileURL(program).href);
    process.exitCode = await main(args);
  } else {
    process.stderr.write('roentgen: this clone is not built yet; run "npm run setup"\n');
    process.exitCode = 1;
  }
}
