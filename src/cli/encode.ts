/** `roentgen encode MODEL`: texts to the contexts and vectors of any text encoder, as a safetensors file. */

import { type Command, InvalidArgumentError } from 'commander';
import { loadTextEncoder, type TextEncoder } from '../encoders';
import { startEngine } from '../engine';
import { FileError, readText, writeSafetensors } from '../files';
import { isFile, parseJson } from '../files/internal';
import { disposeModel, loadModel, textEncoderOf } from '../pipelines';
import { asUsage, type Context, UsageError } from './context';
import { findModel } from './models';

interface Flags {
  texts: string;
  out: string;
  maxLength?: number;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addEncode(command: Command, context: Context): void {
  command
    .argument('<model>', 'an encoder folder, a Stable Diffusion folder, a file that pack-model wrote, or a name such as minilm')
    .requiredOption('--texts <file>', 'one text a line, or a JSON list of texts in a .json file')
    .requiredOption('--out <file>', 'the safetensors file to write')
    .option('--max-length <n>', 'tokens of every text; by default as many as the encoder reads', positiveNumber)
    .option('--json', 'print {out, texts, lostTokens, encoder} as JSON')
    .addHelpText(
      'after',
      '\nTexts that are longer are cut, and the tokens lost are counted. The texts themselves are neither logged nor written.',
    )
    .action((model: string, flags: Flags) => encode(model, flags, context));
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('expected a whole number from 1.');
  return value;
}

/** The texts of a file: a JSON list by its name, else its lines; a line feed at the end begins no text. */
async function readTexts(path: string): Promise<string[]> {
  const content = await readText(path);
  if (!path.endsWith('.json')) {
    const lines = content.split(/\r?\n/);
    if (lines.at(-1) === '') lines.pop();
    if (lines.length === 0) throw new FileError(path, 'holds no text; expected one a line');
    return lines;
  }
  const list = parseJson(path, content);
  if (!Array.isArray(list) || list.length === 0 || !list.every((text) => typeof text === 'string'))
    throw new FileError(path, 'expected a list of texts');
  return list as string[];
}

/** The encoder of a model in one file, with its vocabulary; the rest of the model is freed with it. */
async function encoderOfFile(file: string, maxLength: number | undefined): Promise<TextEncoder> {
  const model = await loadModel(file);
  try {
    const encoder = await asUsage('encode', () => {
      if (maxLength !== undefined) model.tokenizer = model.tokenizer?.withLength(maxLength);
      return textEncoderOf(model);
    });
    return { ...encoder, dispose: () => disposeModel(model) };
  } catch (error) {
    disposeModel(model);
    throw error;
  }
}

async function encode(model: string, flags: Flags, context: Context): Promise<void> {
  if (!flags.out.endsWith('.safetensors')) throw new UsageError(`encode: --out: expected a file ending in .safetensors, got ${flags.out}`);
  const folder = findModel('encode', model);
  const texts = await readTexts(flags.texts);
  await startEngine();
  const { maxLength: asked } = flags;
  const encoder = isFile(folder)
    ? await encoderOfFile(folder, asked)
    : await asUsage('encode', () => loadTextEncoder(folder, { maxLength: asked }));
  try {
    const { kind, width, maxLength } = encoder.describe();
    let said = Date.now();
    const encoded = await encoder.encode(texts, {
      signal: context.signal,
      onProgress: (done, total) => {
        if (done < total && Date.now() - said < 5000) return;
        said = Date.now();
        if (total > 16) context.say(`encoded ${done} of ${total} texts`);
      },
    });
    const tensors = Object.fromEntries(
      (['context', 'mask', 'pooled'] as const).map((name) => [
        name,
        { shape: encoded[name].shape, data: encoded[name].dataSync() as Float32Array | Int32Array },
      ]),
    );
    await writeSafetensors(flags.out, tensors, { encoder: kind });
    for (const name of ['context', 'mask', 'pooled'] as const) encoded[name].dispose();
    const cut = encoded.lostTokens.filter((lost) => lost > 0);
    if (flags.json) {
      context.print(JSON.stringify({ out: flags.out, texts: texts.length, lostTokens: encoded.lostTokens, encoder: encoder.describe() }));
      return;
    }
    context.print(`${flags.out}: ${texts.length} texts, ${maxLength} tokens each, ${width} wide (${kind})`);
    if (cut.length > 0)
      context.say(
        `${cut.length} texts are longer than ${maxLength} tokens and were cut; ${cut.reduce((a, b) => a + b, 0)} tokens were lost`,
      );
  } finally {
    encoder.dispose();
  }
}
