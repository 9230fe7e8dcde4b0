/** Finds the cases of a fixture folder without knowing its component, so that nothing in a folder goes unlisted. */

import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { readJson } from '../../files';

/** Files that several cases read; they are no case of their own. */
const shared = ['common', 'inputs', 'expected'];

/** The names of the sub-folders, one a component. */
export async function listComponents(root: string): Promise<string[]> {
  return (await entriesOf(root)).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/**
 * The case names of one component's folder: what its `cases.json`, `case.json` or `<component>.json` lists, its sub-folders that are a case or list
 * some, and its other JSON and safetensors files by their name without extension.
 */
export async function listCases(folder: string): Promise<string[]> {
  const entries = await entriesOf(folder);
  const files = entries.filter((e) => e.isFile()).map((e) => parse(e.name));
  const indexes = ['cases', 'case', parse(folder).base];
  const cases = new Set<string>();
  const covered = new Set<string>(shared);
  for (const { base, name } of files.filter((f) => f.ext === '.json' && indexes.includes(f.name))) {
    for (const listed of await casesInIndex(join(folder, base))) {
      cases.add(listed.name);
      covered.add(listed.stem);
    }
    covered.add(name);
  }
  const withJson = files.filter((f) => f.ext === '.json').map((f) => f.name);
  for (const name of withJson) if (!covered.has(name)) cases.add(name);
  const named = [...cases];
  for (const { name, ext } of files)
    if (ext === '.safetensors' && !covered.has(name) && !named.some((c) => name.startsWith(`${c}_`))) cases.add(name);
  for (const entry of entries.filter((e) => e.isDirectory()))
    for (const name of await casesInSubfolder(join(folder, entry.name), entry.name)) cases.add(name);
  return [...cases];
}

/** Sorted, without hidden files, so that the table is the same on every machine. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((e) => !e.name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Lists of objects that have a `name`, or a `file` in the same folder, and the keys of `runs`. */
async function casesInIndex(path: string): Promise<{ name: string; stem: string }[]> {
  const content = await readJson(path);
  if (typeof content !== 'object' || content === null) return [];
  const listed: { name: string; stem: string }[] = [];
  for (const [key, value] of Object.entries(content)) {
    if (key === 'runs' && typeof value === 'object' && value !== null)
      for (const name of Object.keys(value)) listed.push({ name, stem: name });
    if (!Array.isArray(value)) continue;
    for (const item of value as { name?: unknown; file?: unknown }[]) {
      const file = typeof item?.file === 'string' && !item.file.includes('/') ? parse(item.file).name : undefined;
      const name = typeof item?.name === 'string' ? item.name : file;
      if (name) listed.push({ name, stem: file ?? name });
    }
  }
  return listed;
}

async function casesInSubfolder(folder: string, name: string): Promise<string[]> {
  const files = (await entriesOf(folder)).map((e) => e.name);
  if (files.includes('case.json') || files.includes('fixture.safetensors')) return [name];
  if (files.includes('cases.json')) return (await listCases(folder)).map((inner) => `${name}/${inner}`);
  return name === 'configs' && files.some((f) => f.endsWith('.json')) ? [name] : [];
}
