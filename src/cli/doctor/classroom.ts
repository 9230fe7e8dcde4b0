/** What a course needs beside a machine that is set up: what its notebooks begin with, and memory for its kernels. */

import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { modelsFolder, type Published, published } from '../../files/internal';
import { root } from '../paths';
import type { Finding } from './finding';

/** Resident memory that a notebook's kernel may take; docs/classroom.md has the measurements. */
const kernelMiB = 1536;

/** A model that one of our commands leaves. */
interface Made {
  readonly name: string;
  /** From the clone's root: a model's folder, or one that holds such folders. */
  readonly folder: string;
  readonly notebooks: string;
  readonly command: string;
  readonly time: string;
}

const made: readonly Made[] = [
  {
    name: "quickstart's model",
    folder: 'runs/quickstart/model',
    notebooks: 'notebooks 02, 03, 05, 10 and 11 begin with it, or each first trains a small one',
    command: 'npm run quickstart',
    time: '5 to 10 minutes on two quick cores',
  },
  {
    name: 'encoders',
    folder: 'runs/encoders',
    notebooks: 'the playground offers them trained, or exchanges them untrained',
    command: 'cd notebooks && ../.venv/bin/python -m nbconvert --to notebook --execute --output-dir ../runs 05-encoders.ipynb',
    time: "6 minutes, after the quickstart's model",
  },
  {
    name: 'base model',
    folder: 'runs/base/model',
    notebooks: 'notebooks 12 and 13 adapt it, and so does 08, or first trains a smaller one',
    command: 'npm run quickstart -- --data world',
    time: '5 minutes on two quick cores',
  },
];

/** Published models, by what notebooks do where they are not there. */
const fetched: Readonly<Record<string, string>> = {
  minilm: 'notebooks 02 and 05 leave it out',
  'efficientnet-lite0': 'notebook 10 measures without it',
};

/** What a course needs; each that is missing says the command that brings it and how long that takes. */
export async function examineClassroom(freeMiB: number): Promise<Finding[]> {
  const inNotebooks = published.filter(({ name }) => name in fetched);
  return [...inNotebooks.map(publishedFinding), ...(await Promise.all(made.map(madeFinding))), kernelsFinding(freeMiB)];
}

/** Notebooks look for it in `models` alone, also where its package is installed. */
function publishedFinding({ name, megabytes }: Published): Finding {
  const folder = `models/${name}`;
  if (existsSync(join(modelsFolder, name, 'config.json'))) return { name, status: 'ok', found: folder };
  const advice = `${fetched[name]}: "npx roentgen models get ${name}" (${megabytes} MB, under a minute)`;
  return { name, status: 'missing', found: `no ${folder}`, advice };
}

async function madeFinding({ name, folder, notebooks, command, time }: Made): Promise<Finding> {
  const models = await modelsIn(join(root, folder));
  if (models !== undefined) return { name, status: 'ok', found: [folder, ...models].join(' ') };
  return { name, status: 'missing', found: `no ${folder}`, advice: `${notebooks}: "${command}" (${time})` };
}

/** The names of the models in a folder; none where the folder itself is one; undefined where there is no model. */
async function modelsIn(folder: string): Promise<string[] | undefined> {
  const isModel = (path: string): boolean => existsSync(join(path, 'model_index.json'));
  if (isModel(folder)) return [];
  const names = await readdir(folder).catch(() => [] as string[]);
  const models = names.filter((name) => isModel(join(folder, name))).sort();
  return models.length > 0 ? models : undefined;
}

/** Students of one machine share it; the quickstart's training takes more, and is one kernel's. */
function kernelsFinding(freeMiB: number): Finding {
  const kernels = Math.floor(freeMiB / kernelMiB);
  const found = `free memory is enough for ${kernels} ${kernels === 1 ? 'notebook' : 'notebooks'} at a time, 1.5 GiB each`;
  if (kernels >= 1) return { name: 'students', status: 'ok', found };
  return { name: 'students', status: 'missing', found, advice: 'shut kernels down that nobody uses, or take a machine with more memory' };
}
