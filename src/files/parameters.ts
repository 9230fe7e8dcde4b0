/** Parameter trees from and to safetensors, as Hugging Face folders hold them. Loading is a comparison of key sets. */

import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, flatten, type Tree, unflatten } from '../engine';
import { describeSystemError, FileError } from './errors';
import { readJson } from './json';
import { engineShape, fileShape, toEngineLayout, toFileLayout } from './layout';
import { openSafetensors, type SafetensorsFile } from './safetensors';
import { howToConvert } from './safetensors-header';
import { type TensorToWrite, writeSafetensorsLazily } from './safetensors-write';

type Shapes = Readonly<Record<string, readonly number[]>>;

export interface LoadOptions {
  /** Stem of the file in a folder, such as `model`; by default the one of `diffusion_pytorch_model` and `model` that is there. */
  file?: string;
  /**
   * Every key of the tree with its shape in the engine's layout. Anything missing, extra or of another shape is an error. Where parts may be
   * absent, a function of the (renamed) keys that are there.
   */
  expected?: Shapes | ((keys: ReadonlySet<string>) => Shapes);
  /** From the file's key to the tree's; undefined drops a tensor that the network does not use. `keys` are all those of the file. */
  rename?: (key: string, keys: ReadonlySet<string>) => string | undefined;
}

/**
 * Loads a parameter tree in the engine's layout. All keys and shapes are compared before a tensor is read.
 *
 * @param fileOrFolder a `.safetensors` file, a sharded model's `.safetensors.index.json`, or the folder of either
 * @returns a tree whose dotted paths are the (renamed) keys; float32, integers int32; the caller disposes it
 * @throws FileError where files are missing or damaged, or keys and shapes are not the expected ones
 */
export async function loadParameters<T extends Tree = Tree>(fileOrFolder: string, options: LoadOptions = {}): Promise<T> {
  const found = await findFile(fileOrFolder, options.file);
  const shards = found.endsWith('.index.json') ? await readIndex(found) : [found];
  const files: SafetensorsFile[] = [];
  const flat: Record<string, tf.Tensor> = {};
  try {
    for (const shard of shards) files.push(await openSafetensors(shard));
    const sources = collect(found, files, options.rename ?? ((key) => key));
    const { expected } = options;
    if (expected) compareKeys(found, sources, typeof expected === 'function' ? expected(new Set(sources.keys())) : expected);
    else checkNesting(found, sources);
    for (const [key, { file, fileKey }] of sources) {
      const { shape, data } = toEngineLayout(key, file.info(fileKey).shape, await file.read(fileKey));
      flat[key] = tf.tensor(data, shape, data instanceof Int32Array ? 'int32' : 'float32');
    }
    return unflatten<T>(flat);
  } catch (error) {
    dispose(flat);
    throw error;
  } finally {
    for (const file of files) await file.close();
  }
}

/**
 * Writes a parameter tree as `<folder>/<fileStem>.safetensors` in the file's layout, atomically, one tensor in memory at a time.
 *
 * @param rename from the tree's key to the file's
 * @throws FileError where it cannot be written
 */
export async function saveParameters(
  folder: string,
  fileStem: string,
  tree: Tree,
  { rename = (key) => key }: { rename?: (key: string) => string } = {},
): Promise<void> {
  const tensors = Object.entries(flatten(tree)).map(([key, tensor]): [string, TensorToWrite] => [
    rename(key),
    {
      shape: fileShape(key, tensor.shape),
      dtype: tensor.dtype === 'int32' ? 'I32' : 'F32',
      data: async () => toFileLayout(key, tensor.shape, (await tensor.data()) as Float32Array | Int32Array).data,
    },
  ]);
  await writeSafetensorsLazily(join(folder, `${fileStem}.safetensors`), tensors, { format: 'pt' });
}

interface Source {
  readonly file: SafetensorsFile;
  readonly fileKey: string;
  /** In the engine's layout. */
  readonly shape: readonly number[];
}

function collect(path: string, files: readonly SafetensorsFile[], rename: NonNullable<LoadOptions['rename']>): Map<string, Source> {
  const keys = new Set(files.flatMap((file) => file.keys));
  const sources = new Map<string, Source>();
  for (const file of files)
    for (const fileKey of file.keys) {
      const key = rename(fileKey, keys);
      if (key === undefined) continue;
      const other = sources.get(key);
      if (other) throw new FileError(path, `both ${other.fileKey} and ${fileKey} hold the parameter ${key}`);
      sources.set(key, { file, fileKey, shape: engineShape(key, file.info(fileKey).shape) });
    }
  return sources;
}

function compareKeys(path: string, sources: ReadonlyMap<string, Source>, expected: Shapes): void {
  const missing = Object.keys(expected).filter((key) => !sources.has(key));
  const unexpected = [...sources.keys()].filter((key) => !Object.hasOwn(expected, key));
  const wrong: string[] = [];
  for (const [key, { shape }] of sources) {
    const want = Object.hasOwn(expected, key) ? expected[key]! : shape;
    if (want.length === shape.length && want.every((n, i) => n === shape[i])) continue;
    wrong.push(`${key}: expected [${fileShape(key, want).join(', ')}], got [${fileShape(key, shape).join(', ')}]`);
  }
  if (missing.length + unexpected.length + wrong.length === 0) return;
  const lines = [...section('missing', missing), ...section('unexpected', unexpected), ...section('wrong shape (in the file)', wrong)];
  throw new FileError(
    path,
    `does not hold the parameters that its config describes. Check that config and weights belong together.\n${lines.join('\n')}`,
  );
}

/** A parameter cannot be a branch of the tree too. */
function checkNesting(path: string, sources: ReadonlyMap<string, Source>): void {
  for (const key of sources.keys())
    for (let dot = key.indexOf('.'); dot >= 0; dot = key.indexOf('.', dot + 1))
      if (sources.has(key.slice(0, dot))) throw new FileError(path, `holds ${key.slice(0, dot)} and, below it, ${key}`);
}

const mostListed = 40;

function section(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length > mostListed ? [`    … and ${lines.length - mostListed} more`] : [];
  return [`  ${title} (${lines.length}):`, ...lines.slice(0, mostListed).map((line) => `    ${line}`), ...more];
}

/** The safetensors file or sharded index that is meant. */
async function findFile(fileOrFolder: string, stem: string | undefined): Promise<string> {
  let names: string[];
  try {
    if (!(await stat(fileOrFolder)).isDirectory()) return fileOrFolder;
    names = await readdir(fileOrFolder);
  } catch (error) {
    throw new FileError(fileOrFolder, `cannot be read: ${describeSystemError(error)}`, error);
  }
  const stems = stem ? [stem] : ['diffusion_pytorch_model', 'model'];
  const wanted = stems.flatMap((s) => [`${s}.safetensors`, `${s}.safetensors.index.json`]);
  const name = wanted.find((candidate) => names.includes(candidate));
  if (name) return join(fileOrFolder, name);
  const pickle = names.find((candidate) => /\.(bin|ckpt|pt|pth)$/.test(candidate));
  const instead = pickle ? `; it has ${pickle}. ${howToConvert}` : '';
  throw new FileError(fileOrFolder, `has no ${stems.map((s) => `${s}.safetensors`).join(' or ')}${instead}`);
}

/** The shards that an index names, each once. */
async function readIndex(path: string): Promise<string[]> {
  const { weight_map: map } = (await readJson<{ weight_map?: unknown }>(path)) ?? {};
  const names = typeof map === 'object' && map !== null ? [...new Set(Object.values(map))] : [];
  if (names.length === 0 || !names.every((name) => typeof name === 'string' && basename(name) === name))
    throw new FileError(path, 'its weight_map does not name files of this folder');
  return (names as string[]).map((name) => join(dirname(path), name));
}
