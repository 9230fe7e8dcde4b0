/** Finds the cases of a fixture folder without knowing its component, so that nothing in a folder goes unlisted. */

import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { readJson } from '../files/internal';

/** Files that several cases read; they are no case of their own. */
const shared = ['common', 'inputs', 'expected', 'resamples'];

/** The names of the components: the sub-folders, but for those that hold scripts, as a generator's does. */
export async function listComponents(root: string): Promise<string[]> {
  const folders = (await entriesOf(root)).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const scripts = await Promise.all(folders.map(async (name) => (await entriesOf(join(root, name))).some((e) => e.name.endsWith('.py'))));
  return folders.filter((_, i) => !scripts[i]);
}

/**
 * The case names of one component's folder, at least one: what its `cases.json`, `case.json` or `<component>.json` lists, or that file's own name where it
 * lists nothing by name; its other JSON and safetensors files by their name without extension; its sub-folders that are a case or list some. Where
 * there is none of all these, each sub-folder is a case, and without sub-folders the folder is one, by its own name.
 */
export async function listCases(folder: string): Promise<string[]> {
  const entries = await entriesOf(folder);
  const subfolders = entries.filter((e) => e.isDirectory()).map((e) => e.name);
  const cases = new Set(await casesInFiles(folder, entries));
  for (const name of subfolders) for (const caseName of await casesInSubfolder(join(folder, name), name)) cases.add(caseName);
  if (cases.size > 0) return [...cases];
  return subfolders.length > 0 ? subfolders : [parse(folder).base];
}

async function casesInFiles(folder: string, entries: readonly Dirent[]): Promise<string[]> {
  const files = entries.filter((e) => e.isFile()).map((e) => parse(e.name));
  const indexes = ['cases', 'case', parse(folder).base];
  const cases = new Set<string>();
  const covered = new Set<string>(shared);
  for (const { base, name } of files.filter((f) => f.ext === '.json' && indexes.includes(f.name))) {
    const listed = await casesInIndex(join(folder, base));
    if (listed.length === 0) cases.add(name);
    for (const item of listed) {
      cases.add(item.name);
      covered.add(item.stem);
    }
    covered.add(name);
  }
  for (const { name } of files.filter((f) => f.ext === '.json')) if (!covered.has(name)) cases.add(name);
  const named = [...cases];
  for (const { name, ext } of files)
    if (ext === '.safetensors' && !covered.has(name) && !named.some((c) => name.startsWith(`${c}_`))) cases.add(name);
  return [...cases];
}

/** Sorted, without hidden files, so that the table is the same on every machine. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((e) => !e.name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Lists of objects that have a `name`, an `id` or a `file` in the same folder, and the keys of `runs` and `cases`. */
async function casesInIndex(path: string): Promise<{ name: string; stem: string }[]> {
  const content = await readJson(path);
  if (typeof content !== 'object' || content === null) return [];
  const listed: { name: string; stem: string }[] = [];
  for (const [key, value] of Object.entries(Array.isArray(content) ? { cases: content } : content)) {
    if ((key === 'runs' || key === 'cases') && isObject(value)) for (const name of Object.keys(value)) listed.push({ name, stem: name });
    if (!Array.isArray(value)) continue;
    for (const item of value as { name?: unknown; id?: unknown; file?: unknown }[]) {
      const file = typeof item?.file === 'string' && !item.file.includes('/') ? parse(item.file).name : undefined;
      const name = [item?.name, item?.id, file].find((label) => typeof label === 'string' && label !== '') as string | undefined;
      if (name) listed.push({ name, stem: file ?? name });
    }
  }
  return listed;
}

/** A folder with a case of its own, or with an index or further folders of cases; other folders hold what cases are made from. */
async function casesInSubfolder(folder: string, name: string): Promise<string[]> {
  const entries = await entriesOf(folder);
  const files = entries.filter((e) => e.isFile()).map((e) => e.name);
  if (files.includes('case.json') || files.includes('fixture.safetensors')) return [name];
  if (name === 'configs' && files.some((f) => f.endsWith('.json'))) return [name];
  const inner = files.includes('cases.json') ? await casesInFiles(folder, entries) : [];
  for (const { name: sub } of entries.filter((e) => e.isDirectory())) inner.push(...(await casesInSubfolder(join(folder, sub), sub)));
  return inner.map((one) => `${name}/${one}`);
}
