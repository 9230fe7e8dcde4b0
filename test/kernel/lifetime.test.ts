import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Kernel } from 'roentgen-lab/kernel-client';
import { atEnd, root, tempDir } from '../support';
import { errorOf, runIn } from './session';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function ends(pid: number, milliseconds: number): Promise<boolean> {
  for (const until = Date.now() + milliseconds; Date.now() < until; await delay(100)) if (!isAlive(pid)) return true;
  return false;
}

test('kernels get their environment, end when asked even in an endless loop, and a new one has forgotten everything', async () => {
  const first = await Kernel.start({ env: { ROENTGEN_BACKEND: 'wasm', TF_CPP_MIN_LOG_LEVEL: undefined } });
  const environment = await runIn(first, 'const kept = 1;\n[process.env.ROENTGEN_BACKEND, process.env.TF_CPP_MIN_LOG_LEVEL]');
  assert.equal(environment.value, "[ 'wasm', '3' ]");
  await first.shutdown();
  assert.equal(await first.ended, 'the kernel ended with status 0');
  await assert.rejects(first.execute('1'), /ended with status 0/);

  const second = await Kernel.start();
  assert.equal(errorOf(await runIn(second, 'kept')).evalue, "1:1 - Cannot find name 'kept'. Was its cell run in this session?");
  const running = second.execute('for (;;) {}').catch(() => undefined);
  await delay(500);
  const began = Date.now();
  await second.shutdown();
  assert.ok(Date.now() - began < 10_000);
  await running;
});

test('a kernel does not outlive the process that started it, even in an endless loop', async () => {
  const script = `
    const { Kernel } = require(${JSON.stringify(join(root, 'build/kernels/client'))});
    Kernel.start().then(async (kernel) => {
      kernel.execute(process.argv[1]).catch(() => {});
      setTimeout(() => { console.log(kernel.pid); }, 500);
    });`;
  const outlived = async (code: string): Promise<void> => {
    const parent = spawn(process.execPath, ['-e', script, code], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = Number(await new Promise<string>((resolve) => parent.stdout.once('data', (data) => resolve(String(data)))));
    assert.ok(isAlive(pid));
    parent.kill('SIGKILL');
    assert.ok(await ends(pid, 20_000), `${code}: the kernel lives on`);
  };
  await Promise.all(['await new Promise(() => {})', 'for (;;) {}'].map(outlived));
});

test('a kernel that cannot start says why', async (t) => {
  const folder = join(tempDir(t), 'broken');
  mkdirSync(folder);
  const argv = [process.execPath, '-e', 'console.error("no such engine"); process.exit(3)', '{connection_file}'];
  writeFileSync(join(folder, 'kernel.json'), JSON.stringify({ argv, display_name: 'broken', language: 'typescript' }));
  await assert.rejects(Kernel.start({ kernel: folder }), /ended with status 3; it said: no such engine/);
});

test('the package is found, typed and at run time, from the notebooks folder and from anywhere else', async (t) => {
  const elsewhere = tempDir(t);
  mkdirSync(join(elsewhere, 'node_modules', 'own'), { recursive: true });
  writeFileSync(join(elsewhere, 'node_modules', 'own', 'index.js'), 'exports.own = 5;');
  writeFileSync(join(elsewhere, 'node_modules', 'own', 'index.d.ts'), 'export declare const own: number;');
  writeFileSync(join(elsewhere, 'helper.ts'), 'export const twice = (n: number): number => 2 * n;');
  for (const cwd of [join(root, 'test'), elsewhere]) {
    const kernel = await Kernel.start({ cwd });
    atEnd(t, () => kernel.shutdown());
    const typed = await runIn(kernel, "import { key } from 'roentgen-lab/engine';\nconst k: string = key(1);");
    assert.equal(errorOf(typed).ename, 'TypeScriptError', 'its types are known');
    const right = await runIn(
      kernel,
      "import { key, split } from 'roentgen-lab/engine';\nconst k = key(1);\nconst keys = split(k, 3);\nkeys.length",
    );
    assert.equal(right.value, '3', JSON.stringify(right.outputs));
    const tensor = await runIn(
      kernel,
      "import * as tf from '@tensorflow/tfjs-core';\nconst shape: number[] = [2, 3];\ntf.util.sizeFromShape(shape)",
    );
    assert.equal(tensor.value, '6', JSON.stringify(tensor.outputs));
    if (cwd === elsewhere) {
      assert.equal((await runIn(kernel, "import { own } from 'own';\nimport { twice } from './helper';\ntwice(own)")).value, '10');
    }
  }
});

test('memory does not grow with the number of cells', async () => {
  const kernel = await Kernel.start();
  await runIn(
    kernel,
    "import v8 from 'node:v8';\nimport vm from 'node:vm';\nv8.setFlagsFromString('--expose-gc');\n(globalThis as any).collect = vm.runInNewContext('gc');",
  );
  const heap = async (): Promise<number> =>
    Number(
      (
        await runIn(
          kernel,
          '(globalThis as any).collect(); await 0; (globalThis as any).collect(); process.memoryUsage().heapUsed / 2 ** 20',
        )
      ).value,
    );
  const cell = (i: number): string =>
    `const big${i % 3} = new Float64Array(1e5).fill(${i});\nconsole.log("x".repeat(1e5));\nawait Promise.resolve(${i});\nnew Array(1e4).fill(${i}).length`;
  for (let i = 0; i < 30; i++) await kernel.execute(cell(i));
  const before = await heap();
  for (let i = 0; i < 100; i++) await kernel.execute(cell(i));
  const growth = (await heap()) - before;
  await kernel.shutdown();
  // Each cell makes about 1 MiB; what stays of it (history, source maps of the latest cells) is small.
  assert.ok(growth < 6, `${growth.toFixed(1)} MiB in 100 cells`);
});
