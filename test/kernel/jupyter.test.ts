import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { root, tempDir } from '../support';

const python = join(root, '.venv', 'bin', 'python');
const run = promisify(execFile);

test('jupyter_kernel_test, a restart by jupyter_client and a notebook by nbclient pass', async (t) => {
  const modules = ['jupyter_kernel_test', 'nbclient', 'jupyter_client'];
  const found =
    existsSync(python) &&
    (await run(python, ['-c', modules.map((name) => `import ${name}`).join('\n')]).then(
      () => true,
      () => false,
    ));
  if (!found) {
    t.skip(`needs .venv with ${modules.join(', ')}`);
    return;
  }
  const share = tempDir(t);
  const folder = join(share, 'kernels', 'roentgen-test');
  mkdirSync(folder, { recursive: true });
  const spec = {
    argv: [process.execPath, join(root, 'build', 'kernels', 'launcher', 'main.js'), '{connection_file}'],
    display_name: 'TypeScript (roentgen, test)',
    language: 'typescript',
    interrupt_mode: 'message',
  };
  writeFileSync(join(folder, 'kernel.json'), JSON.stringify(spec));
  const script = join(root, 'test', 'kernel', 'jupyter_kernel_test_roentgen.py');
  const env = { ...process.env, JUPYTER_PATH: share };
  const { stderr } = await run(python, [script, 'roentgen-test'], { env, cwd: share }).catch((error) => {
    assert.fail(error.stderr);
  });
  assert.match(stderr, /\nOK/);
  const ran = Number(/Ran (\d+) tests/.exec(stderr)?.[1]);
  const skipped = stderr.split('\n').filter((line) => line.includes('... skipped')).length;
  assert.ok(ran - skipped >= 13, stderr);
});
