// A process that times one side of a row when it is asked to (ours.mjs, reference.py).

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Worker {
  #child;
  #lines;
  #said = '';
  /** Milliseconds of the calls so far, without the first round. */
  times = [];

  constructor(command, args) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' } });
    this.#child.stderr.on('data', (text) => {
      this.#said += text;
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The first call: its milliseconds, its output, versions and threads. */
  async start() {
    this.beginning = await this.#next();
  }

  /** Times some calls; those of a warm-up are forgotten. */
  async round(calls, { warmUp = false } = {}) {
    this.#child.stdin.write(`${calls}\n`);
    const { ms } = await this.#next();
    if (!warmUp) this.times.push(...ms);
  }

  /** @returns the process's largest resident memory in MiB */
  async end() {
    this.#child.stdin.write('0\n');
    return (await this.#next()).peak;
  }

  kill() {
    this.#child.kill();
  }

  async #next() {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error(`a worker ended: ${this.#said.slice(-600)}`);
      if (value.startsWith('{')) return JSON.parse(value);
    }
  }
}
