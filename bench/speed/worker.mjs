// A process that times one side of a row when it is asked to: ours (ours.mjs) or PyTorch's (reference/).

import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const beside = (name) => fileURLToPath(new URL(name, import.meta.url));
const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' };

/** Writes the models and inputs of a kind of work into a folder. */
export function writeWork(kind, folder, settings) {
  try {
    execFileSync(process.execPath, [beside('ours.mjs'), 'write', kind, folder, JSON.stringify(settings)], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    throw new Error(`models and inputs cannot be made: ${lastWords(String(error.stderr))}`);
  }
}

/** A side of a row: what is called, and what it is called with. */
export const ourSide = (kind, folder, precision = 'fp32') => ({
  label: 'ours',
  command: process.execPath,
  args: [beside('ours.mjs'), 'time', kind, folder],
  env: precision === 'bf16' ? { ROENTGEN_PRECISION: 'bfloat16' } : {},
});

export const pytorchSide = (python, kind, folder, variant) => ({
  label: variant || 'default',
  command: python,
  args: [beside('reference'), kind, folder, ...variant.split(' ').filter(Boolean)],
});

export class Worker {
  #child;
  #lines;
  #said = '';
  #ended;
  /** Milliseconds of the calls so far. */
  times = [];

  constructor({ label, command, args, env: more = {} }) {
    this.label = label;
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...env, ...more } });
    this.#child.stderr.on('data', (text) => {
      this.#said += text;
    });
    this.#child.stdin.on('error', () => undefined); // told by what it says last
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message)); // there is no such program
      this.#child.once('close', (code, signal) => resolve(signal ? `ended by ${signal}${signal === 'SIGKILL' ? ' (out of memory?)' : ''}` : `ended with ${code}`));
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The first two calls, which are not counted: see `Beginning` in src/cli/bench/worker.ts. */
  async start() {
    this.beginning = await this.#next();
  }

  /** Times some calls. */
  async round(calls) {
    this.#child.stdin.write(`${calls}\n`);
    this.times.push(...(await this.#next()).ms);
  }

  /** @returns the process's largest resident memory in MiB */
  async end() {
    this.#child.stdin.write('0\n');
    const { peak } = await this.#next();
    await this.#ended;
    return peak;
  }

  kill() {
    this.#child.kill('SIGKILL');
    return this.#ended;
  }

  async #next() {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error([this.label, await this.#ended, lastWords(this.#said)].filter(Boolean).join(': '));
      if (value.startsWith('{')) return JSON.parse(value);
    }
  }
}

/** The last line of what a process said. */
const lastWords = (said) => said.trim().split('\n').at(-1).trim().slice(0, 300);
