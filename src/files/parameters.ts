/** Parameter trees from and to safetensors, as Hugging Face folders hold them. Loading is a comparison of key sets. */

import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import { dispose, flatten, type Tree, unflatten } from '../engine';
import { availableMemory, copyToTensor, type HalfFormat, narrowMatrix } from '../engine/internal';
import type { Room } from './dtypes';
import { FileError } from './errors';
import { findWeights } from './find-weights';
import { engineShape, fileShape, isTransposed, toEngineLayout, toFileLayout } from './layout';
import { openSafetensors, type SafetensorsFile } from './safetensors';
import { type TensorToWrite, writeSafetensorsLazily } from './safetensors-write';

type Shapes = Readonly<Record<string, readonly number[]>>;

export interface LoadOptions {
  /** Stem of the file in a folder, such as `model`; by default the one of `diffusion_pytorch_model` and `model` that is there. */
  file?: string;
  /** Such as `fp16`: the file `model.fp16.safetensors` is taken where the folder has it. */
  variant?: string | undefined;
  /**
   * Every key of the tree with its shape in the engine's layout. Anything missing, extra or of another shape is an error. Where parts may be
   * absent, a function of the (renamed) keys that are there.
   */
  expected?: Shapes | ((keys: ReadonlySet<string>) => Shapes);
  /** From the file's key to the tree's; undefined drops a tensor that the network does not use. `keys` are all those of the file. */
  rename?: (key: string, keys: ReadonlySet<string>) => string | undefined;
  /** Matrices that the file has in 16 bits stay so (`narrowMatrix`): half the memory, for networks that don't train. Default false. */
  narrow?: boolean;
}

/**
 * Loads a parameter tree in the engine's layout. All keys and shapes are compared before a tensor is read.
 *
 * @param fileOrFolder a `.safetensors` file, a sharded model's `.safetensors.index.json`, or the folder of either
 * @returns a tree whose dotted paths are the (renamed) keys, in the order of `expected`; float32, integers int32; the caller disposes it
 * @throws FileError where files are missing or damaged, or keys and shapes are not the expected ones
 */
export async function loadParameters<T extends Tree = Tree>(fileOrFolder: string, options: LoadOptions = {}): Promise<T> {
  const stems = options.file ? [options.file] : ['diffusion_pytorch_model', 'model'];
  const { path, files: shards } = await findWeights(fileOrFolder, stems, options.variant);
  const files: SafetensorsFile[] = [];
  const flat: Record<string, tf.Tensor> = {};
  try {
    for (const shard of shards) files.push(await openSafetensors(shard));
    const { sources, expected } = collect(path, files, options);
    if (expected) compareKeys(path, sources, expected);
    else checkNesting(path, sources);
    const [inFile, inEngine] = [workspace(), workspace()];
    for (const [key, source] of sources) {
      const { file, fileKey, stored, shape } = source;
      if (options.narrow && staysNarrow(source)) {
        flat[key] = await readNarrow(key, source);
        continue;
      }
      const { data } = toEngineLayout(key, stored, await file.read(fileKey, inFile), inEngine);
      flat[key] = copyToTensor(data, shape);
    }
    // In the network's order, not the file's: sums over a tree, and so a training's bytes, are then those of weights that were never in a file.
    const order = Object.keys(expected ?? flat);
    return unflatten<T>(Object.fromEntries(order.map((key) => [key, flat[key]!])));
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

const HALF: Readonly<Record<string, HalfFormat>> = { BF16: 'bfloat16', F16: 'float16' };

/** Whether a tensor can be kept in the 16 bits that its file has. */
const staysNarrow = ({ file, fileKey, shape }: Source): boolean =>
  file.info(fileKey).dtype in HALF && shape.length === 2 && shape[1]! % 2 === 0;

async function readNarrow(key: string, { file, fileKey, shape }: Source): Promise<tf.Tensor> {
  const bytes = await file.readBytes(fileKey);
  const bits = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  const [rows, columns] = shape as [number, number];
  const at = isTransposed(key)
    ? (row: number, column: number): number => bits[column * rows + row]!
    : (row: number, column: number): number => bits[row * columns + column]!;
  return narrowMatrix(at, [rows, columns], HALF[file.info(fileKey).dtype]!);
}

/**
 * Whether weights have to stay in the 16 bits that their files have: where they do not fit into the memory that is free as float32, and do so.
 *
 * @param where    the config's file, for the error
 * @param expected as `loadParameters`
 * @throws FileError with the numbers where they fit in neither way
 */
export async function mustStayNarrow(where: string, folder: string, expected: Shapes, rename?: LoadOptions['rename']): Promise<boolean> {
  const sizes = Object.values(expected).map((shape) => shape.reduce((product, n) => product * n, 1));
  const values = sizes.reduce((sum, size) => sum + size, 0);
  const [wide, available] = [MiB(values), availableMemory()];
  if (wide <= available) return false;
  const narrow = wide - (await savedBy16Bits(folder, expected, rename));
  if (narrow <= available) return true;
  const inHalf = narrow < wide ? ` (${Math.round(narrow)} in the 16 bits of its files)` : '';
  throw new FileError(where, tooLarge(values, available, inHalf));
}

/** Float32 values. */
const MiB = (values: number): number => (4 * values) / 2 ** 20;

/** That networks of so many parameters do not fit, with the numbers. */
export const tooLarge = (values: number, available: number, more = ''): string =>
  `its networks have ${values.toPrecision(3)} parameters, ${Math.round(MiB(values))} MiB${more}, and ${Math.round(available)} MiB are free here; ` +
  'give smaller ones, or a machine with more memory';

/** MiB; none where the folder's weights can't be read, which `loadParameters` will say. */
async function savedBy16Bits(folder: string, expected: Shapes, rename?: LoadOptions['rename']): Promise<number> {
  const files: SafetensorsFile[] = [];
  try {
    for (const shard of (await findWeights(folder, ['model'], undefined)).files) files.push(await openSafetensors(shard));
    const { sources } = collect(folder, files, { expected, ...(rename && { rename }) });
    let bytes = 0;
    for (const source of sources.values()) if (staysNarrow(source)) bytes += 2 * source.shape.reduce((product, n) => product * n, 1);
    return bytes / 2 ** 20;
  } catch (error) {
    if (error instanceof FileError) return 0;
    throw error;
  } finally {
    for (const file of files) await file.close();
  }
}

/** Memory that all tensors go through: what each left behind would wait for the garbage collector, gigabytes of it. */
function workspace(): Room {
  let memory = new ArrayBuffer(0);
  return (bytes) => {
    if (memory.byteLength < bytes) memory = new ArrayBuffer(bytes);
    return memory;
  };
}

interface Source {
  readonly file: SafetensorsFile;
  readonly fileKey: string;
  /** In the file's layout. */
  readonly stored: readonly number[];
  /** In the engine's layout. */
  readonly shape: readonly number[];
}

/** What the files hold, by the tree's keys, and what is expected of those. */
function collect(
  path: string,
  files: readonly SafetensorsFile[],
  { rename = (key) => key, expected: expectedOf }: LoadOptions,
): { readonly sources: Map<string, Source>; readonly expected: Shapes | undefined } {
  const keys = new Set(files.flatMap((file) => file.keys));
  const named = new Map<string, Pick<Source, 'file' | 'fileKey'>>();
  for (const file of files)
    for (const fileKey of file.keys) {
      const key = rename(fileKey, keys);
      if (key === undefined) continue;
      const other = named.get(key);
      if (other) throw new FileError(path, `both ${other.fileKey} and ${fileKey} hold the parameter ${key}`);
      named.set(key, { file, fileKey });
    }
  const expected = typeof expectedOf === 'function' ? expectedOf(new Set(named.keys())) : expectedOf;
  const sources = new Map<string, Source>();
  for (const [key, { file, fileKey }] of named) {
    const { shape } = file.info(fileKey);
    // Some programs wrote linear layers as 1×1 convolutions; the values are the same.
    const asMatrix = shape.length === 4 && shape[2] === 1 && shape[3] === 1 && expected?.[key]?.length === 2;
    const stored = asMatrix ? shape.slice(0, 2) : shape;
    sources.set(key, { file, fileKey, stored, shape: engineShape(key, stored) });
  }
  return { sources, expected };
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
