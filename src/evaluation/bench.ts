/** What all evaluations share: models, data, prompts, seed, and the folder in which images, features and results are kept. */

import { basename, dirname, join } from 'node:path';
import { type Dataset, type ImageRecord, type OpenDatasetOptions, openSplit } from '../datasets';
import { recordsOf } from '../datasets/internal';
import { type Key, key, split } from '../engine';
import { overrideRecipe, type Recipe } from '../experiments';
import { FileError, type RowsPart } from '../files';
import { expectFolderOf, isFile, type KeepOptions, parseObject, readModelIndex } from '../files/internal';
import { loadModel, type Model } from '../pipelines';
import { hashModel, modelText } from '../pipelines/internal';
import { openImageTable } from './image-table';

/** A model folder under evaluation. */
export interface EvaluatedModel {
  /** Short and unique, for tables: the run's name. */
  readonly name: string;
  readonly folder: string;
  /** Hash of its weights: images belong to it. */
  readonly identity: string;
  /** Opens it where its weights are not all the folder's, as on the way of a training; the caller disposes it. */
  open?(): Promise<Model>;
  /** Its images, where these are given and it has no weights (`openImageTable`). */
  readonly images?: Dataset;
}

/** The model with its weights; the caller disposes it. @throws FileError where only images of it are given, or it cannot be loaded */
export async function openEvaluated(model: EvaluatedModel): Promise<Model> {
  if (model.images) throw new FileError(model.folder, 'holds images of a model and no weights, which this evaluation needs');
  return model.open?.() ?? loadModel(model.folder);
}

/** Folders of published networks; each evaluation says which it can use. */
export interface GivenNetworks {
  /** A DenseNet in TorchXRayVision's layout (`loadDenseNet`). */
  readonly chest?: string;
  /** FID's Inception (`inception`). */
  readonly inception?: string;
  /** A CLIP model with its vision tower. */
  readonly clip?: string;
  /** A BERT whose token embeddings BERTScore compares. */
  readonly bert?: string;
  /** A network that finds entities and relations in reports (`loadRadGraph`). */
  readonly radgraph?: string;
}

export interface BenchOptions {
  readonly models: readonly string[];
  /** Tables of images that other models have made of the prompts (`openImageTable`): each counts as a model, for what needs no weights. */
  readonly images?: readonly string[];
  readonly data: OpenDatasetOptions;
  readonly out: string;
  /** Sampling, the size of built-in data and the classifier are its; a name's recipe is read by `loadRecipe`. */
  readonly recipe: Recipe;
  /** Images a model; by default the recipe's `evaluation.pictures`. */
  readonly prompts?: number;
  /** Divides patients as a training with the same seed does, and fixes all noise. Default 1. */
  readonly seed?: number;
  /** Minutes in place of hours: smaller networks, fewer draws. What it changes stands in the result. */
  readonly quick?: boolean;
  readonly networks?: GivenNetworks;
  /** Of images and features the files that this process makes, where several share a folder (`makePart`). */
  readonly part?: RowsPart;
  readonly signal?: AbortSignal;
  /** Called through long work: what is being done, and how much of it is. */
  readonly onProgress?: (what: string, done: number, total: number) => void;
  /** Called with what a person should read. */
  readonly onNote?: (note: string) => void;
}

export interface Bench {
  readonly models: readonly EvaluatedModel[];
  /** Training part: what networks of the evaluation are trained on, as the models were. */
  readonly train: Dataset;
  /** Of other patients. */
  readonly test: Dataset;
  /** Whose texts are the prompts: the first of the test part. */
  readonly records: readonly ImageRecord[];
  readonly data: string;
  readonly out: string;
  /** Pixels a side: the models' own. */
  readonly size: number;
  /** With the models' size. */
  readonly recipe: Recipe;
  readonly seed: number;
  /** For random numbers of evaluations: `foldIn` a number of one's own. */
  readonly key: Key;
  readonly quick: boolean;
  readonly networks: GivenNetworks;
  /** Of images and features the files that this process makes; all where absent. */
  readonly part?: RowsPart;
  /** Images and features are read alone: one that is not there is an error that says so. */
  readonly merge?: boolean;
  readonly signal?: AbortSignal;
  progress(what: string, done: number, total: number): void;
  note(note: string): void;
}

/** Whether the data are drawn here: no patient is in them, so that their texts may stand on pages, and their parts are the same for every seed. */
export const isDrawn = ({ data }: Pick<Bench, 'data'>): boolean => data === 'phantom' || data === 'world';

/**
 * Opens models and data.
 *
 * @throws FileError where a model has no tokenizer, models are of different sizes, or data have too few images
 */
export async function openBench(options: BenchOptions): Promise<Bench> {
  const { data, out, seed = 1, quick = false, networks = {}, part, signal, onProgress, onNote } = options;
  const tables = options.images ?? [];
  if (options.models.length + tables.length === 0) throw new RangeError('evaluation: name a model');
  const models: EvaluatedModel[] = [];
  const sizes = new Map<number, string>();
  for (const folder of options.models) {
    const { name, identity, size } = await openModel(folder);
    if (models.some((other) => other.identity === identity)) continue; // the same model by two names
    models.push({ name: freeName(models, name), folder, identity });
    sizes.set(size, folder);
  }
  for (const csv of tables) {
    const { name, ...table } = await openImageTable(csv);
    models.push({ name: freeName(models, name), ...table });
  }
  if (sizes.size > 1)
    throw new FileError(
      [...sizes.values()].join(', '),
      `make images of ${[...sizes.keys()].join(' and ')} pixels; evaluate models of one size together`,
    );
  const size = [...sizes.keys()][0] ?? options.recipe.size; // images alone are brought to the recipe's
  const prompts = options.prompts ?? options.recipe.evaluation.pictures;
  const counts = { ...options.recipe.data, test: Math.max(prompts, options.recipe.data.test) };
  const recipe = overrideRecipe(options.recipe, { size, 'data.test': counts.test });
  const [splitKey] = split(key(seed), 4) as [Key];
  const { train, test } = await openSplit({ ...data, counts, key: splitKey, size, least: 2 });
  const note = (sentence: string): void => onNote?.(sentence);
  for (const sentence of train.notes ?? []) note(sentence);
  if (test.length < prompts) note(`${test.length} images of patients who are not trained on are there, of ${prompts} that were asked for.`);
  const bench: Bench = {
    models,
    train,
    test,
    records: recordsOf(test, prompts),
    data: data.data,
    out,
    size,
    recipe,
    seed,
    key: key(seed),
    quick,
    networks,
    ...(part && { part: checkPart(part) }),
    ...(signal && { signal }),
    progress: (what, done, total) => onProgress?.(what, done, total),
    note,
  };
  for (const model of models) await checkSameSplit(bench, model);
  return bench;
}

/** What sets that are of no model are called in tables. */
const KEPT_NAMES: ReadonlySet<string> = new Set(['real', 'chance', 'all']);

function freeName(models: readonly EvaluatedModel[], name: string): string {
  const taken = models.filter((other) => other.name === name || other.name.startsWith(`${name} (`)).length + (KEPT_NAMES.has(name) ? 1 : 0);
  return taken === 0 ? name : `${name} (${taken + 1})`;
}

/** Of a model's folder, or of a packed file. */
async function openModel(folder: string): Promise<{ name: string; identity: string; size: number }> {
  if (isFile(folder)) await modelText(folder, 'tokenizer/tokenizer.json');
  else await expectParts(folder);
  const config = async <T extends object>(part: string): Promise<T> =>
    parseObject<T>(join(folder, part, 'config.json'), await modelText(folder, `${part}/config.json`));
  const unet = await config<{ sample_size?: number | readonly [number, number] }>('unet');
  const vae = await config<{ block_out_channels?: readonly number[] }>('vae');
  const side = typeof unet.sample_size === 'object' ? unet.sample_size[0] : unet.sample_size;
  if (side === undefined)
    throw new FileError(join(folder, 'unet', 'config.json'), 'has no sample_size, so the size of its images is not known');
  const identity = await hashModel(folder);
  const parent = basename(folder) === 'model' ? basename(dirname(folder)) : basename(folder, '.safetensors');
  return { name: parent, identity, size: side * 2 ** ((vae.block_out_channels?.length ?? 4) - 1) };
}

async function expectParts(folder: string): Promise<void> {
  expectFolderOf('a model', folder, ['model_index.json']);
  const { components } = await readModelIndex(folder);
  for (const part of ['unet', 'vae', 'text_encoder', 'tokenizer', 'scheduler'])
    if (!components[part]) throw new FileError(folder, `has no ${part}: a model is evaluated by the images that it makes of texts`);
}

function checkPart(part: RowsPart): RowsPart {
  const { index, count } = part;
  if (!(Number.isInteger(index) && Number.isInteger(count) && index >= 0 && index < count))
    throw new RangeError(`evaluation: part: expected a number from 0 to one below the count, got ${index} of ${count}`);
  return part;
}

/** How the bench's images and features are kept. */
export const keepingOf = ({ part, merge, signal, note }: Bench): KeepOptions => {
  const making = merge ? 'nothing' : part;
  return { ...(making && { making }), ...(signal && { signal }), onNote: note };
};

/** A model whose card names another seed may have been trained on patients who are measured on here. */
async function checkSameSplit(bench: Bench, { name, folder }: EvaluatedModel): Promise<void> {
  if (isDrawn(bench)) return;
  const { seed, note } = bench;
  const card = await modelText(folder, 'README.md').catch(() => '');
  const trained = /^\| seed \| (\d+) \|$/m.exec(card)?.[1];
  if (trained !== undefined && Number(trained) !== seed)
    note(
      `${name} was trained with seed ${trained}, which divides patients otherwise: some whom it knows are measured on; give --seed ${trained}.`,
    );
}
