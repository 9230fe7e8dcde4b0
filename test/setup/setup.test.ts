/** Set-up: done once, taken up where it stopped, and one sentence for each thing that is missing. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../support';
import { type Clone, fakeClone, type Outcome } from './fake-clone';

interface KernelSpec {
  argv: string[];
  display_name: string;
  language: string;
  interrupt_mode: string;
  env: Record<string, string>;
}

const kernels = (clone: Clone): string[] => readdirSync(clone.path('.venv', 'share', 'jupyter', 'kernels')).sort();
const spec = (clone: Clone, name: string): KernelSpec =>
  JSON.parse(readFileSync(clone.path('.venv', 'share', 'jupyter', 'kernels', name, 'kernel.json'), 'utf8')) as KernelSpec;
const pipCalls = (calls: string[]): string[] => calls.filter((line) => line.includes('pip install'));

/** The stage that only some machines have. */
const fused = process.platform === 'linux' && process.arch === 'x64' ? ['fused operations'] : [];

/** A failure is one line that starts with "setup:", names a command, and shows no stack. */
function assertOneSentence({ status, stderr }: Outcome, ...parts: RegExp[]): void {
  assert.equal(status, 1, stderr);
  const sentences = stderr.split('\n').filter((line) => line.startsWith('setup: '));
  assert.equal(sentences.length, 1, stderr);
  for (const part of parts) assert.match(sentences[0]!, part);
  assert.doesNotMatch(stderr, /\n\s+at /);
}

describe('where everything is there', () => {
  test('all is set up once, and a second run does nothing, in under three seconds', async (t) => {
    const clone = fakeClone(t);
    const first = await clone.setUp();
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stderr, /engine: TensorFlow 2\.20\.0 on the CPU/);
    const calls = clone.calls();
    assert.equal(calls.filter((line) => line.startsWith('npm ci --ignore-scripts')).length, 1);
    assert.deepEqual(
      pipCalls(calls).map((line) => /requirements[\w-]*\.txt/.exec(line)![0]),
      ['requirements.txt', 'requirements-engine.txt'],
    );
    assert.match(pipCalls(calls)[1]!, /--no-deps/);

    const begin = Date.now();
    const second = await clone.setUp();
    assert.equal(second.status, 0);
    assert.match(second.stderr, /^already set up \(\d+\.\d s\); engine: TensorFlow 2\.20\.0 on the CPU\n$/);
    assert.deepEqual(clone.calls(), []);
    assert.ok(Date.now() - begin < 3000);
  });

  test('the kernels name this Node, the launcher and their engine by absolute paths', async (t) => {
    const clone = fakeClone(t);
    await clone.setUp();
    assert.deepEqual(kernels(clone), ['roentgen', 'roentgen-cpu', 'roentgen-wasm']);
    for (const name of kernels(clone)) {
      const { argv, language, interrupt_mode } = spec(clone, name);
      assert.deepEqual(argv, [process.execPath, clone.path('build', 'kernels', 'launcher', 'main.js'), '{connection_file}']);
      assert.deepEqual([language, interrupt_mode], ['typescript', 'message']);
    }
    assert.equal(spec(clone, 'roentgen').display_name, 'TypeScript (roentgen)');
    assert.deepEqual(spec(clone, 'roentgen').env, { ROENTGEN_BACKEND: 'tensorflow' });
    assert.deepEqual(spec(clone, 'roentgen-cpu').env, { ROENTGEN_BACKEND: 'tensorflow', ROENTGEN_XLA: '0' });
    assert.deepEqual(spec(clone, 'roentgen-wasm').env, { ROENTGEN_BACKEND: 'wasm' });
  });

  test('only what was removed or changed is done again', async (t) => {
    const clone = fakeClone(t);
    await clone.setUp();
    const redone = async (change: () => void): Promise<string[]> => {
      change();
      const { status, stdout, stderr } = await clone.setUp(['--json']);
      assert.equal(status, 0, stderr);
      return (JSON.parse(stdout) as { done: string[] }).done;
    };
    const addon = clone.path('node_modules', '@tensorflow', 'tfjs-node-gpu', 'lib', 'napi-v8', 'tfjs_binding.node');
    assert.deepEqual(await redone(() => rmSync(addon)), ['engine']);
    for (const file of readdirSync(dirname(addon)).filter((name) => /fused/.test(name)))
      assert.deepEqual(await redone(() => rmSync(join(dirname(addon), file))), fused);
    const library = join(dirname(addon), 'roentgen_fused_avx2.node');
    assert.deepEqual(await redone(() => writeFileSync(library, 'torn')), fused);
    assert.deepEqual(await redone(() => rmSync(clone.path('.venv', 'share'), { recursive: true })), [
      'Jupyter kernels',
      'JupyterLab extension',
    ]);
    assert.deepEqual(await redone(() => rmSync(clone.path('dist'), { recursive: true })), ['build']);
    assert.deepEqual(await redone(() => rmSync(clone.path('node_modules', 'roentgen-lab'))), ['links']);
    const style = clone.path('kernels', 'lab', 'extension', 'style.css');
    assert.deepEqual(await redone(() => writeFileSync(style, 'body {}')), ['JupyterLab extension']);
    const requirements = clone.path('kernels', 'requirements.txt');
    assert.deepEqual(await redone(() => writeFileSync(requirements, 'jupyterlab==4.6.7\n')), ['Python environment', 'Jupyter packages']);
    assert.deepEqual(await redone(() => rmSync(clone.path('node_modules'), { recursive: true })), [
      'npm packages',
      'links',
      'engine',
      ...fused,
    ]);
  });

  test('the extension is a folder as JupyterLab finds prebuilt ones, with the scripts of the build and nothing else', async (t) => {
    const clone = fakeClone(t);
    await clone.setUp();
    const folder = clone.path('.venv', 'share', 'jupyter', 'labextensions', 'roentgen-lab');
    const install = async (scripts: readonly string[]): Promise<string[]> => {
      const built = clone.path('build', 'kernels', 'lab', 'extension');
      rmSync(built, { recursive: true, force: true });
      mkdirSync(built, { recursive: true });
      for (const name of scripts) writeFileSync(join(built, name), `// ${name}`);
      assert.equal((await clone.setUp()).status, 0);
      return readdirSync(join(folder, 'static')).sort();
    };
    assert.deepEqual(await install(['remote-entry.js', 'old.js', 'types.d.ts']), ['old.js', 'remote-entry.js', 'style.css']);
    assert.deepEqual(await install(['remote-entry.js']), ['remote-entry.js', 'style.css']);
    const { name, jupyterlab } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    assert.ok(existsSync(join(folder, jupyterlab._build.load)));
    assert.ok(existsSync(join(folder, jupyterlab.schemaDir, name, 'report.json')));
  });

  test('two at once: one works, the other waits and finds it done', async (t) => {
    const clone = fakeClone(t);
    const outcomes = await Promise.all([clone.setUp(), clone.setUp()]);
    for (const { status, stderr } of outcomes) assert.equal(status, 0, stderr);
    assert.equal(pipCalls(clone.calls()).length, 2);
    assert.ok(!existsSync(clone.path('.cache', 'setup.lock')));
  });

  const withDriver = ['npm', 'python3', 'c++', 'nvidia-smi'] as const;
  const kindsOf = (calls: string[]): string[] => pipCalls(calls).map((line) => /requirements[\w-]*\.txt/.exec(line)![0]);

  test('with an NVIDIA driver the GPU is used through XLA, and gets a kernel of its own', async (t) => {
    if (fused.length === 0) return t.skip('for Linux on x86-64 alone');
    const clone = fakeClone(t);
    const tools = withDriver;
    const env = { FAKE_GPU: 'NVIDIA H100 80GB HBM3' };
    const { status, stderr } = await clone.setUp([], { tools, env });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /engine: TensorFlow 2\.20\.0 with NVIDIA H100 80GB HBM3 \(XLA\)/);
    const calls = clone.calls();
    assert.deepEqual(kindsOf(calls), ['requirements.txt', 'requirements-engine.txt', 'requirements-engine-gpu.txt']);
    assert.equal(calls.filter((line) => /to-hlo\.cc|pjrt\.cc/.test(line)).length, 2);
    assert.deepEqual(kernels(clone), ['roentgen', 'roentgen-cpu', 'roentgen-gpu', 'roentgen-wasm']);
    assert.deepEqual(spec(clone, 'roentgen-gpu').env, { ROENTGEN_BACKEND: 'tensorflow', ROENTGEN_XLA: '1' });
    assert.match((await clone.setUp([], { tools, env })).stderr, /already set up.*H100/);

    // The choice of the processor is kept by later runs, and what was for the GPU alone goes.
    clone.calls();
    assert.equal((await clone.setUp(['--engine', 'cpu'], { tools, env })).status, 0);
    assert.ok(clone.calls().some((line) => /pip uninstall -y -q -r .*requirements-engine-gpu\.txt/.test(line)));
    assert.deepEqual(kernels(clone), ['roentgen', 'roentgen-cpu', 'roentgen-wasm']);
    assert.match((await clone.setUp([], { tools, env })).stderr, /already set up.*on the CPU/);
  });

  test('an older driver gets the packages of CUDA 12, one that is too old none', async (t) => {
    if (fused.length === 0) return t.skip('for Linux on x86-64 alone');
    const env = { FAKE_GPU: 'NVIDIA A100' };
    const older = fakeClone(t);
    const first = await older.setUp([], { tools: withDriver, env: { ...env, FAKE_DRIVER: '550.54.15' } });
    assert.match(first.stderr, /with NVIDIA A100 \(XLA\)/);
    assert.equal(kindsOf(older.calls()).at(-1), 'requirements-engine-gpu-cuda12.txt');
    const old = fakeClone(t);
    const second = await old.setUp([], { tools: withDriver, env: { ...env, FAKE_DRIVER: '470.82.01' } });
    assert.equal(second.status, 0, second.stderr);
    assert.match(second.stderr, /note: NVIDIA's driver 470\.82\.01 is too old .* 525 or newer\. Until then the processor/);
    assert.equal(kindsOf(old.calls()).length, 2);
  });

  test('a driver without a usable GPU: said, and the processor does the work; --engine gpu fails', async (t) => {
    if (fused.length === 0) return t.skip('for Linux on x86-64 alone');
    const clone = fakeClone(t);
    const { status, stderr } = await clone.setUp([], { tools: withDriver });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /note: XLA finds no GPU \("starting the device: No visible GPU devices\."\); look at "nvidia-smi"/);
    assert.match(stderr, /engine: TensorFlow 2\.20\.0 on the CPU/);
    assert.deepEqual(kernels(clone), ['roentgen', 'roentgen-cpu', 'roentgen-wasm']);
    rmSync(clone.path('node_modules'), { recursive: true });
    assertOneSentence(await clone.setUp(['--engine', 'gpu'], { tools: withDriver }), /finds no GPU/, /nvidia-smi/);
  });

  test('what runs graphs through XLA does not compile, or does not work: one sentence, and the processor does the work', async (t) => {
    if (fused.length === 0) return t.skip('for Linux on x86-64 alone');
    const clone = fakeClone(t);
    for (const [fault, sentence] of [
      [{ FAKE_CXX_XLA: 'error: no member named X' }, /could not compile what runs graphs through XLA \("error: no member named X"\)/],
      [{ FAKE_XLA: 'undefined symbol' }, /what runs graphs through XLA was compiled but does not work \("Error: undefined symbol"\)/],
    ] as const) {
      const { status, stderr } = await clone.setUp([], { tools: withDriver, env: { FAKE_GPU: 'NVIDIA A100', ...fault } });
      assert.equal(status, 0, stderr);
      assert.match(stderr, sentence);
      assert.match(stderr, /engine: TensorFlow 2\.20\.0 on the CPU/);
    }
    assert.match((await clone.setUp([], { tools: withDriver, env: { FAKE_GPU: 'NVIDIA A100' } })).stderr, /with NVIDIA A100/);
  });

  test("the tests' set-up compiles it without a GPU, and brings a plugin for the processor", async (t) => {
    if (fused.length === 0) return t.skip('for Linux on x86-64 alone');
    const clone = fakeClone(t);
    const { status, stderr } = await clone.setUp(['--tests']);
    assert.equal(status, 0, stderr);
    const calls = clone.calls();
    assert.ok(kindsOf(calls).includes('requirements-test-xla.txt'));
    assert.equal(calls.filter((line) => /to-hlo\.cc/.test(line)).length, 1);
    assert.deepEqual(kernels(clone), ['roentgen', 'roentgen-cpu', 'roentgen-wasm']);
    assert.match(stderr, /on the CPU/);
  });
});

describe('where something is missing', () => {
  test('fused operations that do not compile or load: one sentence, and the engine is TensorFlow all the same', async (t) => {
    if (fused.length === 0) return t.skip('this machine has none');
    const clone = fakeClone(t);
    const runs = [
      [
        { FAKE_CXX_FUSED: 'error: unknown value for -march' },
        /could not compile the fused operations \("error: unknown value for -march"\)/,
      ],
      [{ FAKE_FUSED: 'undefined symbol' }, /fused operations were compiled but do not load \("Error: undefined symbol"\)/],
    ] as const;
    for (const [env, sentence] of runs) {
      const { status, stderr } = await clone.setUp([], { env });
      assert.equal(status, 0, stderr);
      const notes = stderr.split('\n').filter((line) => line.startsWith('note: '));
      assert.equal(notes.length, 1, stderr);
      assert.match(notes[0]!, sentence);
      assert.match(notes[0]!, /TensorFlow's own operations do their work/);
      assert.match(stderr, /engine: TensorFlow 2\.20\.0 on the CPU/);
    }
    assert.deepEqual((JSON.parse((await clone.setUp(['--json'])).stdout) as { done: string[] }).done, fused);
  });

  test('fused operations without the compiler that they had: one sentence, and the engine is TensorFlow all the same', async (t) => {
    if (fused.length === 0) return t.skip('this machine has none');
    const clone = fakeClone(t);
    await clone.setUp();
    rmSync(clone.path('node_modules', '@tensorflow', 'tfjs-node-gpu', 'lib', 'napi-v8', 'roentgen_fused_avx2.node'));
    const { status, stderr } = await clone.setUp([], { tools: ['npm', 'python3'] });
    assert.equal(status, 0, stderr);
    const notes = stderr.split('\n').filter((line) => line.startsWith('note: '));
    assert.equal(notes.length, 1, stderr);
    assert.match(notes[0]!, /no C\+\+ compiler was found .*TensorFlow's own operations do their work/);
    assert.match(stderr, /engine: TensorFlow 2\.20\.0 on the CPU/);
  });

  test('another kind of processor: no fused operations are compiled', async (t) => {
    const clone = fakeClone(t);
    const preload = clone.path('other.cjs');
    writeFileSync(preload, "Object.defineProperty(process, 'arch', { value: 'arm64' });");
    const { status, stderr, stdout } = await clone.setUp(['--json'], { env: { NODE_OPTIONS: `--require "${preload}"` } });
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /note: |fused/);
    assert.doesNotMatch(stdout, /fused/);
    const compiled = clone.calls().filter((line) => line.startsWith('c++'));
    assert.equal(compiled.length, 1, 'the addon alone');
  });

  test('no Python: wasm, what it costs, and the command that gets it; --engine cpu fails', async (t) => {
    const clone = fakeClone(t);
    const tools = ['npm', 'c++'] as const;
    const { status, stderr } = await clone.setUp([], { tools });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /note: Python 3\.10 or newer was not found; get Python with "sudo apt install python3 python3-venv"/);
    assert.match(stderr, /engine is wasm.*seven times slower/);
    assert.match(stderr, /no JupyterLab/);
    assert.match(stderr, /engine: tfjs-backend-wasm/);
    assertOneSentence(await clone.setUp(['--engine', 'cpu'], { tools }), /Python 3\.10 or newer was not found/);
    assert.equal((await clone.setUp([], { tools })).status, 0, 'a choice that could not be had does not bind later runs');
  });

  test('a Python that is too old, or lacks venv, is named with its version', async (t) => {
    const clone = fakeClone(t);
    assert.match(
      (await clone.setUp([], { env: { FAKE_PYTHON: '3.9.2' } })).stderr,
      /Python 3\.10 or newer was not found \(python3 is 3\.9\.2\)/,
    );
    const { stderr } = await clone.setUp([], { env: { FAKE_NO_VENV: '1' } });
    assert.match(stderr, /Python 3\.11\.7 lacks venv; get it with "sudo apt install python3\.11-venv"/);
  });

  test('no compiler: wasm with Jupyter, and the wheel is not downloaded', async (t) => {
    const clone = fakeClone(t);
    const { status, stderr } = await clone.setUp([], { tools: ['npm', 'python3'] });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /note: no C\+\+ compiler was found .*"sudo apt install g\+\+"/);
    assert.match(stderr, /engine is wasm/);
    assert.equal(pipCalls(clone.calls()).length, 1);
    assert.deepEqual(kernels(clone), ['roentgen', 'roentgen-wasm']);
    assert.deepEqual(spec(clone, 'roentgen').env, { ROENTGEN_BACKEND: 'wasm' });

    // Once there is one, the next run does the rest.
    const later = await clone.setUp();
    assert.match(later.stderr, /TensorFlow 2\.20\.0/);
    assert.deepEqual(spec(clone, 'roentgen').env, { ROENTGEN_BACKEND: 'tensorflow' });
  });

  test('no npm', async (t) => {
    assertOneSentence(await fakeClone(t).setUp([], { tools: ['python3'] }), /npm was not found/, /nodejs\.org/);
  });

  for (const [what, output, sentence] of [
    [
      'no network',
      'WARNING: Retrying after connection broken by NewConnectionError(Temporary failure in name resolution)',
      /package index did not answer.*proxy/,
    ],
    ['a full disk', 'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device', /disk is full/],
    ['no wheel', 'ERROR: No matching distribution found for something==1.0', /has no something==1\.0 for this Python and machine/],
    ['anything else', 'ERROR: Boom of an unknown kind', /pip says "Boom of an unknown kind"/],
  ] as const)
    test(`pip fails (${what}): one sentence, and the next run recovers`, async (t) => {
      const clone = fakeClone(t);
      assertOneSentence(
        await clone.setUp([], { env: { FAKE_PIP: output } }),
        /Jupyter packages could not be installed/,
        sentence,
        /npm run setup/,
      );
      assert.ok(existsSync(clone.path('dist', 'cli', 'main.js')), 'the command line is there already');
      assert.equal((await clone.setUp()).status, 0);
    });

  test('whoever asks for wasm needs neither Python nor its packages', async (t) => {
    const clone = fakeClone(t);
    const { status, stderr } = await clone.setUp(['--engine', 'wasm'], { env: { FAKE_PIP: 'ERROR: ConnectTimeout' } });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /note: .*package index did not answer/);
  });

  test('npm fails: the reason, without its log', async (t) => {
    const clone = fakeClone(t);
    assertOneSentence(await clone.setUp([], { env: { FAKE_NPM: 'npm error code ENOTFOUND' } }), /npm registry did not answer/);
    assertOneSentence(
      await clone.setUp([], { env: { FAKE_NPM: 'npm error code E404\nnpm error 404 Not Found: left' } }),
      /npm says "404 Not Found: left"/,
    );
  });

  test('the addon does not compile, or does not load: wasm, and why; --engine cpu fails', async (t) => {
    const clone = fakeClone(t);
    const env = { FAKE_CXX: 'tfjs_backend.cc:1: error: unknown standard gnu++17' };
    const { status, stderr } = await clone.setUp([], { env });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /note: .*could not compile .*unknown standard.*C\+\+17/);
    assertOneSentence(await clone.setUp(['--engine', 'cpu'], { env }), /could not compile/);
    assertOneSentence(
      await clone.setUp(['--engine', 'cpu'], { env: { FAKE_LOAD: 'GLIBC_2.40 not found' } }),
      /does not load .*GLIBC_2\.40/,
      /--engine wasm/,
    );
  });

  test('wrong usage is refused', async (t) => {
    const clone = fakeClone(t);
    for (const args of [['--engine', 'tpu'], ['--engine'], ['--fast']]) {
      const { status, stderr } = await clone.setUp(args);
      assert.equal(status, 2);
      assert.match(stderr, /Usage: npm run setup/);
    }
  });
});

describe('where it is cut off', () => {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const)
    test(`${name} while pip runs: the next run begins the environment again and ends well`, async (t) => {
      const clone = fakeClone(t);
      const { status, stderr } = await clone.setUp([], { env: { FAKE_SLOW: '1' }, signal: { onCall: 'pip install', name } });
      if (name !== 'SIGKILL') {
        assert.equal(status, 130, stderr);
        assert.match(stderr, /interrupted; the next run goes on from here/);
      }
      clone.calls();
      const next = await clone.setUp();
      assert.equal(next.status, 0, next.stderr);
      const calls = clone.calls();
      assert.ok(!calls.some((line) => line.startsWith('npm')), 'npm was done before');
      assert.ok(
        calls.some((line) => /-m venv --clear/.test(line)),
        'a half installed environment is not trusted',
      );
    });
});

test('Node is new enough from 20.19 on', async () => {
  const { isNewEnough } = (await import(pathToFileURL(join(root, 'kernels', 'setup', 'node.mjs')).href)) as {
    isNewEnough(version: string): boolean;
  };
  for (const version of ['v20.19.0', 'v20.20.2', 'v22.1.0', 'v26.0.0']) assert.ok(isNewEnough(version), version);
  for (const version of ['v18.20.4', 'v20.18.9', 'v16.0.0']) assert.ok(!isNewEnough(version), version);
});
