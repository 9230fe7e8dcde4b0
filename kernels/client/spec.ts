/** Which command starts a kernel: this project's launcher, or a kernelspec that is installed. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';

/** A kernel's command, as in kernel.json. */
export interface KernelSpec {
  /** Command line; `{connection_file}` stands for the connection file's path. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly name: string;
  readonly displayName: string;
  readonly language: string;
  readonly interruptMode: 'message' | 'signal';
}

/** The launcher of this installation, without a kernelspec. */
export function launcherSpec(): KernelSpec {
  return {
    argv: [process.execPath, resolve(__dirname, '..', 'launcher', 'main.js'), '{connection_file}'],
    env: {},
    name: 'roentgen',
    displayName: 'TypeScript (roentgen)',
    language: 'typescript',
    interruptMode: 'message',
  };
}

/**
 * Finds a kernelspec by name, or reads the one in a folder.
 *
 * Searched: $JUPYTER_PATH, this installation's .venv, the person's and the machine's Jupyter folders.
 *
 * @throws Error that lists the places where none is found
 */
export function findSpec(nameOrFolder: string): KernelSpec {
  const places = [
    ...(process.env.JUPYTER_PATH ?? '').split(delimiter).filter(Boolean),
    resolve(__dirname, '..', '..', '..', '.venv', 'share', 'jupyter'),
    join(homedir(), process.platform === 'darwin' ? 'Library/Jupyter' : '.local/share/jupyter'),
    '/usr/local/share/jupyter',
    '/usr/share/jupyter',
  ].map((place) => join(place, 'kernels', nameOrFolder));
  const folder = [resolve(nameOrFolder), ...places].find((place) => existsSync(join(place, 'kernel.json')));
  if (!folder) throw new Error(`kernel "${nameOrFolder}": no kernel.json in ${places.join(', ')}; run \`npm run setup\``);
  const file = join(folder, 'kernel.json');
  const spec = JSON.parse(readFileSync(file, 'utf8'));
  if (!Array.isArray(spec.argv)) throw new Error(`${file}: expected argv, a list of strings`);
  return {
    argv: spec.argv,
    env: spec.env ?? {},
    name: folder.split(/[\\/]/).at(-1)!,
    displayName: spec.display_name ?? nameOrFolder,
    language: spec.language ?? '',
    interruptMode: spec.interrupt_mode === 'message' ? 'message' : 'signal',
  };
}
