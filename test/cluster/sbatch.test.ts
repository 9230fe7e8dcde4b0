/** The batch file of the docs: asked to stop, the job saves, comes back by itself, and ends with the bytes of one that was not. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { root, tempDir } from '../support';
import { recipeFile } from './shared-recipe';
import { missingSlurm, startSlurm } from './slurm-daemons';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function batch(t: TestContext, folder: string) {
  const env = await startSlurm(t, 2);
  const call = (program: string, ...args: string[]): string =>
    execFileSync(program, args, { env, cwd: root, encoding: 'utf8', timeout: 30_000 }).trim();
  const log = (job: string): string => (existsSync(join(folder, `${job}.log`)) ? readFileSync(join(folder, `${job}.log`), 'utf8') : '');
  return {
    call,
    log,
    submit: (...args: string[]): string =>
      call('sbatch', '--parsable', '--nodes=1', '--ntasks-per-node=2', '--output', join(folder, '%j.log'), 'docs/train.sbatch', ...args),
    async until(job: string, wanted: string): Promise<void> {
      for (;;) {
        const shown = call('scontrol', 'show', 'job', job);
        const state = /JobState=(\w+)/.exec(shown)![1]!;
        if (state === wanted) return;
        assert.doesNotMatch(state, /COMPLETED|FAILED|CANCELLED|TIMEOUT/, `expected ${wanted}: ${shown}\n${log(job)}`);
        await pause(300);
      }
    },
  };
}

test('docs/train.sbatch: a job that is told to stop saves, is queued again and goes on; one that is cancelled leaves a checkpoint', {
  skip: missingSlurm,
  timeout: 400_000,
}, async (t) => {
  const folder = tempDir(t);
  const { call, log, submit, until } = await batch(t, folder);
  const secret = join(folder, 'secret');
  writeFileSync(secret, randomBytes(32), { mode: 0o600 });
  const recipe = recipeFile(folder);
  const out = (name: string): string => join(folder, name);
  const longer = ['--set', 'vae.optimisation.steps=60', '--secret', secret];
  const whole = submit(recipe, '--out', out('whole'), ...longer);
  await until(whole, 'COMPLETED');

  const cut = submit(recipe, '--out', out('cut'), ...longer);
  while (!existsSync(join(out('cut'), 'autoencoder', 'log.jsonl'))) await pause(50);
  call('scancel', '--signal=INT', cut);
  await until(cut, 'PENDING');
  assert.match(log(cut), /interrupted after step \d+ of the autoencoder/);
  // Slurm lets two minutes pass; within the second of its end the node would refuse the job as one that was killed.
  call('scontrol', 'update', `JobId=${cut}`, 'StartTime=now+4');
  await until(cut, 'COMPLETED');
  const model = (run: string): Buffer => readFileSync(join(out(run), 'model', 'unet', 'diffusion_pytorch_model.safetensors'));
  assert.ok(model('cut').equals(model('whole')), 'the same bytes as without the stop');

  const ended = submit(recipe, '--out', out('ended'), '--set', 'vae.optimisation.steps=4000', '--secret', secret);
  while (!existsSync(join(out('ended'), 'autoencoder', 'log.jsonl'))) await pause(50);
  call('scancel', ended);
  await until(ended, 'CANCELLED');
  while (!/interrupted after step \d+ of the autoencoder; the checkpoint is in /.test(log(ended))) await pause(100);
});
