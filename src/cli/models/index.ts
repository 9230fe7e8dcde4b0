/** `roentgen models`: which models are here and which can be got. */

import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import type { Command } from 'commander';
import { findPublished, isFile, modelsFolder, published } from '../../files/internal';
import type { Context } from '../context';
import { root } from '../paths';
import { alignColumns } from '../table';
import { examineModel, type ModelEntry } from './examine';
import { getModel } from './get';

export { examineModel, type ModelEntry } from './examine';
export { findModel } from './find';

/** The command's arguments, options and action. */
export function addModels(command: Command, context: Context): void {
  command
    .option('--json', 'print {here, broken, available} as JSON')
    .addHelpText(
      'after',
      '\nModels lie in models/, one folder each, as their hubs have them, or one file that pack-model wrote, and in runs/*/model;\ndocs/encoders.md says which files.',
    )
    .action((flags: { json?: boolean }) => listModels(flags, context));
  command
    .command('get')
    .argument('<name>', `one of: ${published.map(({ name }) => name).join(', ')}`)
    .description('install a published model into .venv and link its folder in models/')
    .option('--json', 'print the model as JSON')
    .action(async (name: string, _: object, get: Command) => {
      const path = await getModel(name, context);
      const entry = await examineModel(name, path);
      if (get.optsWithGlobals<{ json?: boolean }>().json) context.print(JSON.stringify(entry));
      else
        context.print(
          `${relative(process.cwd(), path) || path}: ${entry.kind}, ${entry.width} wide, ${millions(entry.parameters)} parameters`,
        );
    });
}

const millions = (n: number): string => `${(n / 1e6).toFixed(1)} M`;

/** Folders that may hold models, and files that may be one, by the name to call them. */
function candidates(): [name: string, path: string][] {
  const folders = (parent: string): string[] =>
    existsSync(parent) ? readdirSync(parent).filter((name) => !name.startsWith('.') && isFolder(join(parent, name))) : [];
  const files = (parent: string): string[] =>
    existsSync(parent) ? readdirSync(parent).filter((name) => /^[^.].*\.safetensors$/.test(name) && isFile(join(parent, name))) : [];
  const linked = folders(modelsFolder).map((name): [string, string] => [name, join(modelsFolder, name)]);
  const packed = files(modelsFolder).map((name): [string, string] => [basename(name, '.safetensors'), join(modelsFolder, name)]);
  const runs = join(root, 'runs');
  const made = folders(runs).map((name): [string, string] => [`runs/${name}/model`, join(runs, name, 'model')]);
  const installed = published.flatMap((one): [string, string][] => {
    const path = findPublished(one);
    return path && !linked.some(([name]) => name === one.name) ? [[one.name, path]] : [];
  });
  return [...linked, ...packed, ...installed, ...made.filter(([, path]) => existsSync(path))];
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

async function listModels({ json }: { json?: boolean }, context: Context): Promise<void> {
  const here: ModelEntry[] = [];
  const broken: { name: string; path: string; why: string }[] = [];
  for (const [name, path] of candidates()) {
    try {
      here.push(await examineModel(name, path));
    } catch (error) {
      broken.push({ name, path, why: (error as Error).message.split('\n')[0]! });
    }
  }
  const available = published
    .filter((one) => findPublished(one) === undefined)
    .map(({ name, about, licence, megabytes }) => ({ name, about, licence, megabytes }));
  if (json) {
    context.print(JSON.stringify({ here, broken, available }, null, 2));
    return;
  }
  const rows = here.map(({ name, kind, width, parameters, licence, path }) => [
    name,
    kind,
    String(width),
    millions(parameters),
    licence ?? '-',
    relative(process.cwd(), path) || path,
  ]);
  if (rows.length > 0)
    for (const line of alignColumns([['model', 'kind', 'width', 'parameters', 'licence', 'path'], ...rows], [2, 3])) context.print(line);
  else context.print('No models are here yet.');
  for (const { name, why } of broken) context.print(`${name} cannot be used: ${why}`);
  for (const { name, about, licence, megabytes } of available)
    context.print(`can be got: ${name} (${about}; ${licence}, ${megabytes} MB): roentgen models get ${name}`);
}
