/** `roentgen pack-model`: a model as one file that a class can copy, which every command and the playground open. */

import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { startEngine } from '../engine';
import { disclaimer, hashFile } from '../files/internal';
import { disposeModel, loadModel, type PackOptions, packModel } from '../pipelines';
import { modelText } from '../pipelines/internal';
import { type Context, UsageError } from './context';
import { findModel } from './models';

interface Flags {
  out: string;
  dtype: NonNullable<PackOptions['dtype']>;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addPackModel(command: Command, context: Context): void {
  command
    .argument('<model>', "a run's folder, a model's folder, a single .safetensors file, or a name of a model")
    .requiredOption('--out <file>', 'the .safetensors file to write')
    .addOption(
      new Option('--dtype <name>', 'how weights are stored: fp16 takes half the place and rounds them to 11 bits, fp32 keeps every bit')
        .choices(['fp16', 'fp32'])
        .default('fp16'),
    )
    .option('--json', 'print {out, bytes, parameters, dtype, sha256} as JSON')
    .addHelpText(
      'after',
      "\nThe file holds the whole model: networks, scheduler, vocabulary and card, and no path of this machine. In models/ it is found by its name;\nanywhere else commands take its path in a model folder's place.",
    )
    .action((model: string, flags: Flags) => pack(model, flags, context));
}

async function pack(named: string, { out, dtype, json }: Flags, context: Context): Promise<void> {
  if (!out.endsWith('.safetensors')) throw new UsageError(`pack-model: --out: expected a file ending in .safetensors, got ${out}`);
  const found = findModel('pack-model', named);
  const source = existsSync(join(found, 'model', 'model_index.json')) ? join(found, 'model') : found; // of a run's folder
  await startEngine();
  const model = await loadModel(source);
  let parameters: number;
  try {
    const card = await modelText(source, 'README.md').catch(() => undefined); // one that can't be read is made anew
    parameters = await packModel(model, out, { dtype, card });
  } finally {
    disposeModel(model);
  }
  const { size: bytes } = await stat(out);
  const sha256 = await hashFile(out, context.signal);
  if (json) {
    context.print(JSON.stringify({ out, bytes, parameters, dtype, sha256 }));
    return;
  }
  context.print(`${out}: ${(bytes / 1e6).toFixed(1)} MB, ${(parameters / 1e6).toFixed(1)} M parameters as ${dtype}`);
  context.print(`sha256  ${sha256}`);
  context.print(`Pictures that the model makes are ${disclaimer}.`);
}
