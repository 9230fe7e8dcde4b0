#!/usr/bin/env node

// `npm test`: sets up what is missing, then runs the tests (types, lint and the import rule are among them) on node's runner, whose totals come last.
// `npm run test:long` (`--long`) takes the full counts where tests have reduced ones. `npm test -- engine files/json` runs the files whose path holds one of these; `--name pattern` those tests whose name matches.

import { join, relative, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { requireNode } from '../kernels/setup/node.mjs';
import { filesBelow } from '../kernels/setup/stamp.mjs';
import { runSetUp } from '../kernels/setup.mjs';

requireNode();

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
const built = join(root, 'build', 'test');

/** What tells most comes first: a type error or a broken engine explains the failures after it. The long ones are last. */
const order = ['checks', 'setup', 'engine', 'files', 'nn', 'imaging', 'datasets', 'tokenizers', 'encoders', 'vae', 'unet', 'schedulers'];
const last = ['cli', 'kernel', 'notebooks', 'browser', 'faults'];

function rank(file) {
  const room = relative(built, file).split('/')[0];
  if (last.includes(room)) return 100 + last.indexOf(room);
  return order.includes(room) ? order.indexOf(room) : 50;
}

function options() {
  try {
    return parseArgs({ allowPositionals: true, options: { name: { type: 'string', multiple: true }, long: { type: 'boolean' } } });
  } catch (error) {
    process.stderr.write(`npm test: ${error.message}\nUsage: npm test -- [part of a test file's path ...] [--name pattern] [--long]\n`);
    process.exit(2);
  }
}

const { positionals, values } = options();
const status = await runSetUp(['--tests']);
if (status !== 0) process.exit(status);

/** Minutes of their own, so only where they are named: `npm run test:notebooks`, `npm run test:browser`. */
const named = ['notebooks/workshop', 'browser/'];
const files = filesBelow(built, (name) => name.endsWith('.test.js'))
  .filter((file) =>
    positionals.length === 0
      ? !named.some((part) => relative(built, file).startsWith(part))
      : positionals.some((part) => relative(built, file).includes(part)),
  )
  .sort((a, b) => rank(a) - rank(b));
if (files.length === 0) {
  process.stderr.write(`npm test: no test file has ${positionals.join(' or ')} in its path below test/\n`);
  process.exit(2);
}

process.chdir(root);
// Tests say themselves which engine they need; a choice made for this shell must not reach them.
delete process.env.ROENTGEN_BACKEND;
if (values.long) process.env.ROENTGEN_LONG_TESTS = '1';
const patterns = values.name ? { testNamePatterns: values.name } : {};
// A browser, JupyterLab and a kernel fill both cores of a small machine: two of each would wait for one another.
const concurrency = files.every((file) => relative(built, file).startsWith('browser/')) ? 1 : 2;
const events = run({ files, concurrency, timeout: values.long ? 7_200_000 : 600_000, ...patterns });
const totals = [];
events.on('test:diagnostic', ({ nesting, message }) => {
  if (nesting === 0 && /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /.test(message)) totals.push(message);
});
events.on('test:fail', () => {
  process.exitCode = 1;
});
const report = events.compose(new spec());
report.pipe(process.stdout);
await finished(report);
// The reporter lists failures below its totals; a log's end should hold the totals.
if (process.exitCode) process.stdout.write(`\n${totals.map((line) => `ℹ ${line}\n`).join('')}`);
