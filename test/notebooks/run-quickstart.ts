/** Runs `roentgen quickstart` as a person does, in a process of its own, and a recipe that makes it short. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../support';
import { tiniest } from '../tiniest';

const run = promisify(execFile);

/** The command line itself; set-up has been done before the tests. */
export async function quickstart(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const program = `require(${JSON.stringify(join(root, 'dist', 'cli', 'main.js'))}).main(process.argv.slice(1)).then((code) => process.exit(code))`;
  try {
    return { code: 0, ...(await run(process.execPath, ['-e', program, '--', 'quickstart', ...args], { maxBuffer: 1 << 26, cwd: root })) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

/** A few steps: here it matters that the way is gone, not what is learnt. */
export const smallest = {
  extends: 'smoke',
  name: 'smallest',
  ...tiniest,
  vae: { ...tiniest.vae, optimisation: { steps: 6, learning_rate: { warmup: 2 } } },
  diffusion: { optimisation: { steps: 10, learning_rate: { warmup: 2 } } },
  sampling: { steps: 3 },
  classifier: { optimisation: { steps: 10 } },
  expect: { auroc: 0, side: 0, fid_ratio: 1e6 },
};
