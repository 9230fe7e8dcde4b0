/**
 * The kernels of the fused operations by themselves (kernels/fused/test), where an access beyond their memory ends the program: against plain loops, and
 * the same bytes with 1, 2 and 5 threads. `npm run test:long` draws more shapes, takes every set of instructions, and sanitizers.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root, tempDir } from '../support';

const long = Boolean(process.env.ROENTGEN_LONG_TESTS);
const folder = join(root, 'kernels', 'fused');

interface SetUp {
  canFuse(): boolean;
  readonly flags: readonly string[];
  readonly instructionSets: readonly { readonly name: string; readonly kernels: readonly string[] }[];
  kernelFiles(): readonly string[];
}

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const setUp = async <T>(file: string): Promise<T> => (await import(pathToFileURL(join(root, 'kernels', 'setup', file)).href)) as T;

function run(program: string, args: readonly string[]): Promise<Result> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.on('error', (error) => resolve({ status: null, stdout, stderr: error.message }));
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

const processorHas = (instructions: string): boolean =>
  process.platform === 'linux' && new RegExp(`^flags.* ${instructions}( |$)`, 'm').test(readFileSync('/proc/cpuinfo', 'utf8'));

/** Compiles the kernels, and with them the program that checks them; gives the program. */
async function compile(
  compiler: string,
  into: string,
  kernels: readonly string[],
  flags: readonly string[],
  forKernels: readonly string[],
) {
  const files = [join(folder, 'test', 'kernels.cc'), join(folder, 'workers.cc'), ...kernels];
  const objects = files.map((file, i) => join(into, `${i}-${basename(file)}.o`));
  const succeed = async (args: readonly string[]): Promise<void> => {
    const { status, stderr } = await run(compiler, [...flags, ...args]);
    assert.equal(status, 0, stderr);
  };
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < files.length; i = next++)
      await succeed([...(kernels.includes(files[i]!) ? forKernels : []), '-c', files[i]!, '-o', objects[i]!]);
  };
  await Promise.all([work(), work()]);
  const program = join(into, 'kernels');
  await succeed([...objects, '-pthread', '-o', program]);
  return program;
}

async function check(t: TestContext, instructions: string, drawn: number, sanitizers: readonly string[] = []): Promise<void> {
  const { canFuse, flags, instructionSets, kernelFiles } = await setUp<SetUp>('fused.mjs');
  const compiler = (await setUp<{ findCompiler(): { path?: string } }>('engine.mjs')).findCompiler().path;
  if (!canFuse()) return t.skip('there are no kernels for this kind of machine');
  if (!compiler) return t.skip('no C++ compiler');
  if (!processorHas('avx2')) return t.skip('this processor lacks AVX2');
  const into = tempDir(t);
  const emulated = instructions.startsWith('avx512') && !processorHas(instructions === 'avx512bf16' ? 'avx512_bf16' : 'avx512vl');
  const set = instructionSets.find(({ name }) => name === (emulated ? 'avx2' : instructions))!;
  const forKernels = [
    ...set.kernels,
    ...(emulated
      ? ['-D__AVX512F__', ...(instructions === 'avx512bf16' ? ['-D__AVX512BF16__'] : []), `-I${join(folder, 'test', 'emulated')}`]
      : []),
  ];
  if (sanitizers.length > 0) {
    const empty = join(into, 'empty.cc');
    writeFileSync(empty, 'int main() {}');
    const { status } = await run(compiler, [...sanitizers, empty, '-o', join(into, 'empty')]);
    if (status !== 0) return t.skip(`${compiler} has no library for ${sanitizers.join(' ')}`);
  }
  const program = await compile(compiler, into, kernelFiles(), [...flags, ...sanitizers], forKernels);
  const results: string[] = [];
  for (const threads of ['1', '2', '5']) {
    const { status, stdout, stderr } = await run(program, [threads, String(drawn)]);
    assert.equal(status, 0, `${threads} threads, after ${stdout.trim().split('\n').at(-1)}: ${stderr}`);
    results.push(stdout);
  }
  for (const result of results) assert.equal(result, results[0], 'bytes follow from the number of threads');
}

if (!long) {
  test('every kernel on memory that ends where its values end, with the best instructions that this processor has', (t) =>
    check(t, processorHas('avx512_bf16') ? 'avx512bf16' : processorHas('avx512vl') ? 'avx512' : 'avx2', 100));
} else {
  for (const instructions of ['avx2', 'avx512', 'avx512bf16']) {
    test(`every kernel for ${instructions} on memory that ends where its values end`, (t) => check(t, instructions, 2000));
    test(`every kernel for ${instructions} under the sanitizers of addresses and of undefined behaviour`, (t) =>
      check(t, instructions, 500, ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', '-g']));
    test(`every kernel for ${instructions} under the sanitizer of threads`, (t) =>
      check(t, instructions, 100, ['-fsanitize=thread', '-g']));
  }
}
