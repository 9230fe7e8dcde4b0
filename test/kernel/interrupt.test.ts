import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../support';
import { errorOf, runInterrupted, type Shown, session } from './session';

const kernel = session();
/** Of a training in a cell: long enough that an interrupt arrives in its midst. */
const CELL_STEPS = 40;

const interrupted = (code: string, pause?: number): ReturnType<typeof runInterrupted> => runInterrupted(kernel, code, pause);

test('a loop that never yields is ended, and what it printed before is seen at once', { timeout: 90_000 }, async () => {
  const shown = await interrupted('console.log("first");\nconsole.log("started");\nfor (;;) {}');
  assert.equal(errorOf(shown).ename, 'Interrupted');
  assert.ok(shown.milliseconds < 5000, `${shown.milliseconds} ms`);
  assert.equal((await kernel.run('1 + 1')).value, '2');
});

test('so is one with a top-level await behind it, and one that prints all the time', { timeout: 90_000 }, async () => {
  const shown = await interrupted('let n = 0;\nfor (;;) { if (n++ % 1e6 === 0) console.log("started", n); }\nawait 0;');
  assert.equal(errorOf(shown).ename, 'Interrupted');
  assert.equal((await kernel.run('1 + 1')).value, '2');
});

test('a loop that never yields is ended behind an await, in a function of an earlier cell, and under a catch', {
  timeout: 90_000,
}, async () => {
  await kernel.run(
    'function spin(kind: string) {\n  if (kind === "for") for (let i = 0; ; i++);\n  if (kind === "while") while (true) {}\n  if (kind === "do") do {} while (true);\n  for (const x of (function* () { for (;;) yield 1; })()) {}\n}',
  );
  for (const code of ['spin("while")', 'spin("of")', 'for (;;) { try { spin("do") } catch {} }']) {
    const shown = await interrupted(`await 0;\nconsole.log('started');\nawait new Promise((r) => setTimeout(r, 20));\n${code};`);
    assert.equal(errorOf(shown).ename, 'Interrupted', code);
  }
  assert.equal((await kernel.run('let turns = 0; for (let i = 0; i < 1e6; i++) turns++; turns')).value, '1000000');
});

test('a cell that waits without listening ends at once and goes on no further', { timeout: 90_000 }, async () => {
  const shown = await interrupted(
    'console.log("started");\nfor (let i = 0; ; i++) { await new Promise((r) => setTimeout(r, 20)); console.log("tick"); (globalThis as any).ticks = i; }',
  );
  assert.equal(errorOf(shown).ename, 'Interrupted');
  assert.ok(shown.milliseconds < 3000, `${shown.milliseconds} ms`);
  const before = (await kernel.run('(globalThis as any).ticks')).value;
  const later = await kernel.run('await new Promise((r) => setTimeout(r, 200)); (globalThis as any).ticks');
  assert.equal(later.value, before, 'the abandoned loop stands still');
  assert.equal(later.text, '');
});

test('loops on node:timers/promises stop as well', { timeout: 90_000 }, async () => {
  await interrupted(
    'import { setTimeout as sleep } from "node:timers/promises";\nconsole.log("started");\nfor (let i = 0; ; i++) { await sleep(20); (globalThis as any).naps = i; }',
  );
  const before = (await kernel.run('(globalThis as any).naps')).value;
  assert.equal((await kernel.run('await new Promise((r) => setTimeout(r, 200)); (globalThis as any).naps')).value, before);
});

test('a training loop that takes the signal ends within a step, saves, and keeps its results', { timeout: 90_000 }, async () => {
  const shown = await interrupted(`
    async function train() {
      const signal: AbortSignal = (globalThis as any)[Symbol.for('roentgen.interrupt')].signal();
      let steps = 0;
      let after = 0;
      console.log('started');
      while (steps < 1000 && !signal.aborted) {
        await new Promise((r) => setTimeout(r, 20));
        steps++;
        if (signal.aborted) after++;
      }
      await new Promise((r) => setTimeout(r, 500)); // saving takes longer than the short wait
      console.log('saved');
      return { steps, after, reason: signal.reason.name };
    }
    const trained = await train();`);
  assert.equal(shown.reply.status, 'ok');
  assert.match(shown.text, /saved/);
  const result = (await kernel.run('trained')).value!;
  assert.match(result, /after: [01], reason: 'Interrupted'/);
  assert.equal(
    (await kernel.run('const fresh = (globalThis as any)[Symbol.for("roentgen.interrupt")].signal(); fresh.aborted')).value,
    'false',
  );
});

test('a model that trains in a cell stops within a step with a checkpoint; run again, on that model and then on a new one, it ends with the bytes of one left alone', {
  timeout: 300_000,
}, async (t) => {
  const folder = tempDir(t);
  await kernel.run(`
    import { createHash } from 'node:crypto';
    import { flatten, interruptSignal, key, startEngine, uniformArray } from 'roentgen-lab/engine';
    import { disposeModel, Model } from 'roentgen-lab/pipelines';
    import { trainBpe } from 'roentgen-lab/tokenizers';
    import { fitDiffusion, initModel, loadRecipe, overrideRecipe } from 'roentgen-lab/experiments';
    await startEngine();
    const recipe = overrideRecipe(await loadRecipe('smoke'), {
      size: 32,
      'unet.down_block_types': ['CrossAttnDownBlock2D'],
      'unet.up_block_types': ['CrossAttnUpBlock2D'],
      'unet.block_out_channels': [16],
      'text_encoder.config.num_hidden_layers': 1,
      'diffusion.optimisation.steps': ${CELL_STEPS},
      'diffusion.optimisation.batch_size': 2,
    });
    const texts = ['Small left effusion.', 'No acute findings.', 'Large heart.', 'Right pneumothorax.'];
    const pixels = uniformArray(key(5), texts.length * 32 * 32);
    const newModel = () => initModel(recipe, trainBpe(texts, { vocabularySize: 600, maxLength: 24 }), key(1));
    const moved = newModel();
    async function fit(checkpoint: string, model: Model) {
      const signal = interruptSignal();
      let [made, late] = [0, 0];
      const { log, interrupted, stopped } = await fitDiffusion(model, recipe, pixels, texts, {
        key: key(2),
        checkpoint,
        onStep: () => {
          if (signal?.aborted) late++;
          if (++made === 2) console.log('started');
        },
      });
      const hash = createHash('sha256');
      const leaves = Object.values(flatten({ unet: model.unet.params, text: model.textEncoder.params }));
      leaves.forEach((leaf) => hash.update(leaf.dataSync() as Float32Array)); // a loop is what an interrupt ends after a slow step
      if (model !== moved) disposeModel(model);
      return JSON.stringify({ steps: log.length, interrupted, stopped, made, late, hash: hash.digest('hex') });
    }`);
  const told = (shown: Shown): { steps: number; interrupted: boolean; stopped?: string; made: number; late: number; hash: string } =>
    JSON.parse(/\{.*\}/.exec(shown.text)?.[0] ?? assert.fail(`the cell printed no result: ${JSON.stringify(shown.outputs)}`));
  const cell = (name: string, model: string): string => `console.log(await fit(${JSON.stringify(join(folder, name))}, ${model}));`;
  const whole = told(await kernel.run(cell('whole', 'newModel()')));
  let before = 0;
  for (let sitting = 1; sitting <= 2; sitting++) {
    const { steps, made, late, ...stopped } = told(await interrupted(cell('sittings', 'moved'), 0));
    assert.ok(stopped.interrupted && steps < CELL_STEPS, JSON.stringify(stopped));
    assert.ok(late <= 1, `${late} steps began after the interrupt`);
    assert.equal(made, steps - before, 'it went on where it stopped');
    const saved = join(folder, 'sittings');
    assert.equal(stopped.stopped, `Stopped at step ${steps} of ${CELL_STEPS}, saved in ${saved}. Run the training's cell again to go on.`);
    assert.equal(readFileSync(join(saved, 'last'), 'utf8').trim(), `step-${String(steps).padStart(8, '0')}`);
    before = steps;
  }
  const ended = told(await kernel.run(cell('sittings', 'newModel()')));
  assert.deepEqual(ended, { ...whole, made: CELL_STEPS - before, late: 0 });
});

test("a loop that throws the signal's reason ends as interrupted", async () => {
  const shown = await interrupted(`
    const { signal } = { signal: (globalThis as any)[Symbol.for('roentgen.interrupt')].signal() };
    console.log('started');
    for (;;) { await new Promise((r) => setTimeout(r, 10)); signal.throwIfAborted(); }`);
  assert.deepEqual(errorOf(shown), {
    ename: 'Interrupted',
    evalue: 'the cell was interrupted',
    traceback: 'Interrupted: the cell was interrupted',
  });
});

test('a second interrupt ends a cell that took the signal and does not obey', { timeout: 90_000 }, async () => {
  let times = 0;
  const running = kernel.run(
    'const s = (globalThis as any)[Symbol.for("roentgen.interrupt")].signal();\nconsole.log("started");\nawait new Promise(() => {});',
    {
      onMessage({ header }) {
        if (header.msg_type === 'stream' && times++ === 0) {
          void kernel.kernel.interrupt();
          setTimeout(() => void kernel.kernel.interrupt(), 1500);
        }
      },
    },
  );
  const began = Date.now();
  assert.equal(errorOf(await running).ename, 'Interrupted');
  assert.ok(Date.now() - began < 10_000);
});

test('an interrupt skips the cells that wait', { timeout: 90_000 }, async () => {
  const [first, second] = await Promise.all([
    interrupted('console.log("started"); await new Promise(() => {});'),
    kernel.run('console.log("must not run")'),
  ]);
  assert.equal(errorOf(first).ename, 'Interrupted');
  assert.equal(second.reply.status, 'aborted');
});

test('a cell that handles SIGINT itself does not break later interrupts', { timeout: 90_000 }, async () => {
  await kernel.run('process.on("SIGINT", () => {}); 1');
  const shown = await interrupted('console.log("started"); await new Promise(() => {});');
  assert.equal(errorOf(shown).ename, 'Interrupted');
  const again = await interrupted('console.log("started"); for (;;) {}');
  assert.equal(errorOf(again).ename, 'Interrupted');
  process.kill(kernel.kernel.pid, 'SIGINT');
  assert.equal((await kernel.run('1 + 1')).value, '2');
});

test('a signal (Ctrl-C to the kernel itself) interrupts too', { timeout: 90_000 }, async () => {
  let sent = false;
  const shown = await kernel.run('console.log("started"); await new Promise(() => {});', {
    onMessage({ header }) {
      if (header.msg_type === 'stream' && !sent) {
        sent = true;
        // Node drops a signal that arrives within the moment in which vm gives the handlers back.
        setTimeout(() => process.kill(kernel.kernel.pid, 'SIGINT'), 200);
      }
    },
  });
  assert.equal(errorOf(shown).ename, 'Interrupted');
});

test('a loop of the synchronous part ends with its clean-up, and what is no loop of a cell ends too', { timeout: 90_000 }, async () => {
  await kernel.run("let ended = '';");
  const loop = await interrupted(
    "console.log('started');\ntry { for (;;) {} } finally { for (const part of ['clean', 'ed']) ended += part; }",
  );
  assert.equal(errorOf(loop).ename, 'Interrupted');
  assert.equal((await kernel.run('ended')).value, "'cleaned'");
  // A pattern that takes for ever has no loop that could look.
  const pattern = await interrupted("console.log('started');\n/^(a+)+$/.test('a'.repeat(40) + 'b')");
  assert.equal(errorOf(pattern).ename, 'Interrupted');
  assert.ok(pattern.milliseconds < 5000, `${pattern.milliseconds} ms`);
});

test('a process that a cell waits for ends, with what it started; others stay', { timeout: 90_000 }, async (t) => {
  if (process.platform !== 'linux') {
    t.skip('other systems do not tell a process its children');
    return;
  }
  await kernel.run(
    "import { execSync, spawn, spawnSync } from 'node:child_process';\nconst other = spawn('sleep', ['60']);\nlet after = '';",
  );
  const shell = "execSync('sleep 31; echo no', { stdio: 'ignore' })";
  for (const code of [`try { ${shell} } finally { after = 'cleaned'; }`, `await 0;\n${shell}`, "spawnSync('sleep', ['31'])"]) {
    const shown = await interrupted(`console.log('started');\nawait new Promise((r) => setImmediate(r));\n${code}`, 300);
    assert.equal(errorOf(shown).ename, 'Interrupted', code);
    assert.ok(shown.milliseconds < 5000, `${code}: ${shown.milliseconds} ms`);
  }
  assert.equal((await kernel.run('[after, other.exitCode, other.signalCode]')).value, "[ 'cleaned', null, null ]");
  assert.equal((await kernel.run('execSync(\'pgrep -c -f "sleep 3[1]" || true\').toString().trim()')).value, "'0'");
  assert.equal((await kernel.run("other.kill(); execSync('echo works').toString()")).value, "'works\\n'");
});
