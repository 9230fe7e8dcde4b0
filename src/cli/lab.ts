/** `roentgen lab`: JupyterLab on this machine only, with the notebooks and the project's kernels. */

import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Context, exitCodes, Interrupted, UsageError } from './context';
import { portNumber } from './numbers';
import { root, venv } from './paths';

interface Flags {
  browser: boolean;
  port: number;
}

/** The command's arguments, options and action. */
export function addLab(command: Command, context: Context): void {
  command
    .option('--no-browser', 'print the address instead of opening it')
    .option('--port <n>', 'the port; the next free one where it is taken', portNumber, 8888)
    .argument('[folder]', 'notebooks to show (default: those of this project)')
    .action((folder: string | undefined, flags: Flags) => runLab(folder, flags, context));
}

/** The arguments of JupyterLab: bound to the loopback address, our kernels only, token left on. */
export function labArguments(folder: string, flags: Flags): string[] {
  return [
    '-m',
    'jupyterlab',
    '--ServerApp.ip=127.0.0.1',
    `--ServerApp.port=${flags.port}`,
    `--ServerApp.root_dir=${folder}`,
    // Defaults that differ from JupyterLab's: the state of widgets is saved with a notebook, so that it is there when it is opened again.
    `--LabApp.app_settings_dir=${join(root, 'kernels', 'lab')}`,
    '--KernelSpecManager.ensure_native_kernel=False',
    "--KernelSpecManager.allowed_kernelspecs={'roentgen', 'roentgen-gpu', 'roentgen-cpu', 'roentgen-wasm'}",
    '--MultiKernelManager.default_kernel_name=roentgen',
    // No question about news and no look for updates: it works offline.
    '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate',
    '--LabApp.news_url=None',
    ...(flags.browser ? [] : ['--no-browser']),
    ...(process.getuid?.() === 0 ? ['--allow-root'] : []),
  ];
}

async function runLab(folder: string | undefined, flags: Flags, context: Context): Promise<void> {
  const shown = resolve(folder ?? join(root, 'notebooks'));
  if (!statSync(shown, { throwIfNoEntry: false })?.isDirectory()) throw new UsageError(`lab: ${shown}: there is no such folder`);
  // Not .venv/bin/jupyter: its first line holds the folder that the clone was in when it was set up.
  const python = join(venv, 'bin', 'python');
  if (!existsSync(python))
    throw new Error('lab: JupyterLab is not installed here; install Python 3.10 or newer with venv, then run "npm run setup"');
  const code = await new Promise<number>((resolve, reject) => {
    const child = spawn(python, labArguments(shown, flags), {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, JUPYTER_PREFER_ENV_PATH: '1' },
    });
    // Ctrl-C reaches JupyterLab itself through the terminal; SIGTERM reaches only us.
    context.signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
    child.once('error', reject);
    child.once('exit', (status, signal) => resolve(status ?? (signal ? exitCodes.interrupted : exitCodes.failed)));
  });
  if (context.signal.aborted) throw new Interrupted('lab: stopped');
  if (code !== 0) throw new Error(`lab: JupyterLab ended with status ${code}`);
}
