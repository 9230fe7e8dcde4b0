/** A Slurm step: ranks and addresses by themselves, and a task that is killed ends the step. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { endsWith, root, tempDir } from '../support';
import { recipeFile } from './shared-recipe';
import { missingSlurm, startSlurm } from './slurm-daemons';

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

test('srun gives each task its place; the leader alone speaks and writes; a task that is killed ends the step, and the same line goes on', {
  skip: missingSlurm,
  timeout: 300_000,
}, async (t) => {
  const folder = tempDir(t);
  const env = await startSlurm(t, 2);
  const line = [
    '-n',
    '2',
    '--kill-on-bad-exit=1',
    process.execPath,
    join(root, 'bin', 'roentgen.mjs'),
    'train',
    recipeFile(folder),
    '--resume',
  ];
  const srun = (name: string, ...more: string[]): { readonly ended: Promise<Ended> } => {
    const child = endsWith(
      t,
      spawn('srun', [...line, '--out', join(folder, name), ...more], { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }),
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        said += text;
      });
    return { ended: new Promise((resolve) => child.on('exit', (code) => resolve({ code, said }))) };
  };
  const whole = await srun('whole').ended;
  assert.equal(whole.code, 0, whole.said);
  assert.equal(whole.said.match(/Pictures that the model makes are synthetic/g)?.length, 1, 'the leader alone speaks');
  assert.ok(existsSync(join(folder, 'whole', 'model', 'model_index.json')));

  const cut = join(folder, 'cut');
  const running = srun('cut');
  while (!existsSync(join(cut, 'log.jsonl'))) await new Promise((resolve) => setTimeout(resolve, 20));
  const follower = taskOf(cut, 1);
  process.kill(follower, 'SIGKILL');
  const ended = await running.ended;
  assert.notEqual(ended.code, 0);
  const again = await srun('cut').ended;
  assert.equal(again.code, 0, again.said);
  const model = (run: string): Buffer => readFileSync(join(folder, run, 'model', 'unet', 'diffusion_pytorch_model.safetensors'));
  assert.ok(model('cut').equals(model('whole')), 'the same bytes as without the end');

  // The step ends the leader as soon as the other one has stopped, which must not be before the checkpoint is whole.
  const stopped = join(folder, 'stopped');
  const long = srun('stopped', '--set', 'vae.optimisation.steps=4000');
  while (!existsSync(join(stopped, 'autoencoder', 'log.jsonl'))) await new Promise((resolve) => setTimeout(resolve, 20));
  process.kill(taskOf(stopped, 1), 'SIGINT');
  assert.notEqual((await long.ended).code, 0);
  const steps = readFileSync(join(stopped, 'autoencoder', 'log.jsonl'), 'utf8')
    .trim()
    .split('\n').length;
  const kept = readdirSync(join(stopped, 'autoencoder', 'checkpoints')).filter((name) => /^step-\d+$/.test(name));
  assert.ok(
    kept.some((name) => Number(name.slice(5)) === steps),
    `${steps} steps, ${kept.join(', ')}`,
  );
});

/** The process of a task. */
function taskOf(run: string, rank: number): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [line, env] = ['cmdline', 'environ'].map((file) => readFileSync(join('/proc', pid, file), 'utf8').split('\0')) as [
        string[],
        string[],
      ];
      if (line.includes(run) && line[0] === process.execPath && env.includes(`SLURM_PROCID=${rank}`)) return Number(pid);
    } catch {
      // it has ended
    }
  }
  throw new Error(`no task of rank ${rank}`);
}
