#!/usr/bin/env node
// Set-up: makes what a clone needs beside its files. `npm run setup`; needs only Node (and Python and a C++ compiler for all but wasm). Run again, it does what is missing.

import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetUpError, SetUpInterrupted } from './setup/error.mjs';
import { findDriver } from './setup/gpu.mjs';
import { takeLock } from './setup/lock.mjs';
import { requireNode } from './setup/node.mjs';
import { cache } from './setup/paths.mjs';
import { createProgress } from './setup/progress.mjs';
import { interrupt } from './setup/run.mjs';
import { planStages } from './setup/stages.mjs';
import { readStamp, writeStamp } from './setup/stamp.mjs';

const usage = `Usage: npm run setup -- [--engine cpu|gpu|wasm] [--tests] [--json]

Makes what this clone needs: npm packages, TypeScript build, .venv with JupyterLab and TensorFlow, the engine's addon, Jupyter kernels.

  --engine <name>  cpu, gpu or wasm; without it TensorFlow, with XLA for the GPU where nvidia-smi answers, and wasm where
                   Python or a C++ compiler is missing; kept for later runs ("--engine auto" forgets it)
  --tests          also what the tests need
  --json           print what was set up as JSON

Exit status: 0 set up, 1 something failed (one sentence says what to do), 2 wrong usage, 130 interrupted.
`;

const choiceFile = join(cache, 'setup.json');
const engines = ['cpu', 'gpu', 'wasm', 'auto'];

/**
 * Sets up what is missing.
 *
 * @param engine 'cpu', 'gpu', 'wasm' or 'auto'; undefined takes what an earlier run was told
 * @param tests whether the tests' packages are wanted too
 * @returns { engine, library, device, notes, done, seconds }: `device` names the GPU where one is used, `done` lists the stages that had something to do
 * @throws SetUpError with one sentence for a person; SetUpInterrupted
 */
export async function setUp({ engine, tests = false } = {}) {
  const begin = Date.now();
  const progress = createProgress();
  const choice = engine === 'auto' ? undefined : (engine ?? readStamp(choiceFile).engine);
  const driver = choice === undefined || choice === 'gpu' ? await findDriver() : undefined;
  const plan = () => planStages({ choice, driver, tests });
  const finish = ({ notes, outcome }, done) => {
    if (engine) writeStamp(choiceFile, { engine: choice }); // a choice that could not be had does not bind later runs
    return { ...outcome(), notes, done, seconds: (Date.now() - begin) / 1000 };
  };

  const first = await plan();
  if (first.stages.every((stage) => stage.done())) return finish(first, []);

  const release = await takeLock(join(cache, 'setup.lock'), (pid) =>
    progress.say(`waiting for another set-up of this clone (process ${pid})`),
  );
  const done = [];
  let planned;
  try {
    planned = await plan(); // the other one may have done it
    if (!planned.stages.every((stage) => stage.done())) progress.say('roentgen: setting up');
    planned.begin();
    for (const stage of planned.stages) {
      if (stage.done()) continue;
      progress.begin(stage.name, stage.hint);
      const result = await stage.make(progress.update);
      progress.end(typeof result === 'string' ? result : 'done');
      done.push(stage.name);
    }
    return finish(planned, done);
  } finally {
    progress.end();
    await planned?.end();
    release();
  }
}

function parse(args) {
  const options = {};
  for (let i = 0; i < args.length; i++) {
    const [name, inline] = args[i].split(/=(.*)/s);
    if (name === '--engine') {
      options.engine = inline ?? args[++i];
      if (!engines.includes(options.engine))
        return { wrong: `--engine: expected cpu, gpu, wasm or auto, got ${options.engine ?? 'nothing'}` };
    } else if (name === '--tests') options.tests = true;
    else if (name === '--json') options.json = true;
    else if (name === '--help' || name === '-h') options.help = true;
    else return { wrong: `unknown argument ${args[i]}` };
  }
  return options;
}

/**
 * Set-up as a command: prints to standard error what happens, with --json the outcome to standard output.
 *
 * @returns the exit status
 */
export async function runSetUp(args = []) {
  const options = parse(args);
  const say = (line) => process.stderr.write(`${line}\n`);
  if (options.wrong) {
    say(`setup: ${options.wrong}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  let times = 0;
  const onSignal = () => {
    if (times++ > 0) process.exit(130);
    interrupt();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    const outcome = await setUp(options);
    for (const note of outcome.notes) say(`note: ${note}`);
    const engine = `engine: ${outcome.library} ${outcome.device ? `with ${outcome.device} (XLA)` : 'on the CPU'}`;
    say(
      outcome.done.length === 0
        ? `already set up (${outcome.seconds.toFixed(1)} s); ${engine}`
        : `set up in ${outcome.seconds.toFixed(0)} s; ${engine}`,
    );
    if (options.json) process.stdout.write(`${JSON.stringify(outcome, null, 2)}\n`);
    return 0;
  } catch (error) {
    if (error instanceof SetUpInterrupted) {
      say('setup: interrupted; the next run goes on from here');
      return 130;
    }
    say(`setup: ${error instanceof SetUpError ? error.message : whatIs(error)}`);
    return 1;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function whatIs(error) {
  if (error.code === 'ENOSPC') return 'the disk is full; free some space, then run "npm run setup" again';
  if (error.code === 'EACCES' || error.code === 'EPERM' || error.code === 'EROFS')
    return `${error.path} cannot be written; make the clone writable ("sudo chown -R $USER ."), then run "npm run setup" again`;
  return process.env.ROENTGEN_DEBUG ? error.stack : `${error.message}; ROENTGEN_DEBUG=1 shows where`;
}

if (process.argv[1] && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) {
  requireNode();
  process.exitCode = await runSetUp(process.argv.slice(2));
}
