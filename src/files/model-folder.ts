/** Stable Diffusion's folder layout: `model_index.json` names the components, each in a folder of its own. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from './errors';
import { readObject, writeJson } from './json';

/** What `model_index.json` says. */
export interface ModelIndex {
  /** The pipeline's class, such as `StableDiffusionPipeline`. */
  readonly className: string;
  /**
   * Folder name → library and class: `{ unet: ['diffusers', 'UNet2DConditionModel'] }`. Components that are absent are left out, as are those that
   * no image needs, such as the safety checker, where their folders were not copied or their entries are odd.
   */
  readonly components: Readonly<Record<string, readonly [library: string, className: string]>>;
  /** Everything else, such as `requires_safety_checker`. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The version of diffusers whose layout is written. */
const diffusersVersion = '0.42.1';

/** Components that images are made with. What is said of others is passed over where it is odd, or where their folders are not there. */
const needed = ['unet', 'vae', 'text_encoder', 'tokenizer', 'scheduler'];

/** What diffusers' pipeline of this class expects to be told even where it is absent. */
const optionalComponents = ['feature_extractor', 'image_encoder', 'safety_checker'];

/** Library and class, as a component is named. */
const isPairOfStrings = (value: unknown): value is [string, string] =>
  Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');

/**
 * Reads a model folder's `model_index.json`.
 *
 * @throws FileError where it is missing, malformed, or names a needed component whose folder is not there
 */
export async function readModelIndex(folder: string): Promise<ModelIndex> {
  const path = join(folder, 'model_index.json');
  const json = await readObject(path);
  const components: Record<string, readonly [string, string]> = {};
  const settings: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name.startsWith('_')) continue;
    const isNeeded = needed.includes(name);
    if (!Array.isArray(value) && !isNeeded) {
      settings[name] = value;
    } else if (isPairOfStrings(value)) {
      if (!/^\w+$/.test(name)) throw new FileError(path, `component ${JSON.stringify(name)}: expected the name of a folder in this one`);
      const isFolder = await stat(join(folder, name)).then(
        (found) => found.isDirectory(),
        () => false,
      );
      if (isFolder) components[name] = value;
      else if (isNeeded) throw new FileError(path, `component ${name} has no folder ${join(folder, name)}; copy the whole model`);
    } else if (isNeeded && !(Array.isArray(value) && value.every((part) => part === null))) {
      throw new FileError(path, `component ${name}: expected [library, class], got ${JSON.stringify(value).slice(0, 100)}`);
    }
  }
  const className = '_class_name' in json ? json._class_name : undefined;
  if (typeof className !== 'string') throw new FileError(path, 'has no _class_name; expected that of a pipeline');
  return { className, components, settings };
}

/**
 * Writes `model_index.json` so that diffusers' `from_pretrained` opens the folder.
 *
 * @param settings further entries of the pipeline
 * @throws FileError where it cannot be written
 */
export async function writeModelIndex(
  folder: string,
  components: ModelIndex['components'],
  { className = 'StableDiffusionPipeline', settings = {} }: { className?: string; settings?: Readonly<Record<string, unknown>> } = {},
): Promise<void> {
  const absent = optionalComponents.filter((name) => !Object.hasOwn(components, name)).map((name) => [name, [null, null]]);
  const defaults = className === 'StableDiffusionPipeline' ? { requires_safety_checker: false } : {};
  const entries: [string, unknown][] = Object.entries({ ...Object.fromEntries(absent), ...components, ...defaults, ...settings });
  await writeJson(join(folder, 'model_index.json'), {
    _class_name: className,
    _diffusers_version: diffusersVersion,
    ...Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))),
  });
}
