/** `roentgen edit`: an image changed as words say, beside the image that it came from. */

import { mkdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { imageGrid } from '../display';
import { startEngine } from '../engine';
import { FileError, writeJson } from '../files';
import { claimFolder, describeSystemError, disclaimer, findModelFolder, writeSynthetic } from '../files/internal';
import {
  disposeModel,
  editImage,
  type GeneratedImage,
  type InputImage,
  loadModel,
  type Model,
  SAMPLING_DEFAULTS,
  saveImage,
} from '../pipelines';
import { hashModel, latentFactor } from '../pipelines/internal';
import { asUsage, type Context, collect, Interrupted, UsageError } from './context';
import { readInputImage } from './image-input';
import { lineProgress } from './line-progress';
import { numberIn, wholeNumber } from './numbers';

interface Flags {
  image: string;
  text: readonly string[];
  guidanceText: number;
  guidanceImage: number;
  steps: number;
  seed: number;
  size?: number;
  out: string;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addEdit(command: Command, context: Context): void {
  command
    .argument('<model>', 'a model that was trained to edit: a folder, or its name')
    .requiredOption('--image <file>', 'the prior image; brought to the size that the model was trained at')
    .requiredOption('--text <text>', 'what changed, such as "The right effusion has resolved."; may be given several times', collect)
    .requiredOption('--out <folder>', 'where the pictures go, a new or empty folder')
    .option('--guidance-text <scale>', 'how closely the result follows the text', numberIn(1, 1000), SAMPLING_DEFAULTS.guidance)
    .option(
      '--guidance-image <scale>',
      'how closely it follows the image; both at 1 are no guidance',
      numberIn(1, 1000),
      SAMPLING_DEFAULTS.imageGuidance,
    )
    .option('--steps <n>', 'steps from noise to picture', wholeNumber(1), SAMPLING_DEFAULTS.steps)
    .option('--seed <n>', 'fixes the noise of every picture', wholeNumber(0), SAMPLING_DEFAULTS.seed)
    .option('--size <pixels>', "side of the pictures; without it the model's own", wholeNumber(1))
    .option('--json', 'print what was made as JSON')
    .action((model: string, flags: Flags) => edit(model, flags, context));
}

/** The side that the model was trained at. */
function sizeOf({ unet, ...rest }: Model): number | undefined {
  const { sample_size: latents } = unet.config;
  return latents ? latents * latentFactor({ unet, ...rest }) : undefined;
}

/** How far the result is from the prior, as greys: 0 black, 1 white. */
function difference(prior: InputImage, result: GeneratedImage): GeneratedImage {
  const grey = (i: number): number => prior.pixels[prior.channels === result.channels ? i : Math.floor(i / result.channels)]!;
  return { ...result, pixels: result.pixels.map((value, i) => Math.abs(value - grey(i))) };
}

async function edit(named: string, flags: Flags, context: Context): Promise<void> {
  const texts = flags.text.map((text) => text.trim());
  if (texts.includes(''))
    throw new UsageError('edit: --text is empty: say what changed, such as --text "The right effusion has resolved."');
  const out = resolve(flags.out);
  claimFolder(out, 'a new set of pictures', []);
  const engine = await startEngine();
  const folder = findModelFolder(named) ?? named;
  const model = await asUsage('edit', () => loadModel(folder));
  try {
    if (!model.tokenizer)
      throw new UsageError(`${folder}: has no tokenizer, so texts can't be encoded; copy the model's tokenizer folder too`);
    context.say(`${engine.library} on ${engine.device}; model ${basename(resolve(folder))}`);
    const { image, resampled } = await readInputImage(flags.image, model.vae.config.in_channels === 1 ? 1 : 3, flags.size ?? sizeOf(model));
    if (resampled) context.say(`resampled: ${resampled}`);
    const bar = lineProgress(process.stderr);
    const results = await editImage(model, {
      images: [image],
      prompts: texts,
      guidance: flags.guidanceText,
      imageGuidance: flags.guidanceImage,
      steps: flags.steps,
      seed: flags.seed,
      batchSize: 4,
      signal: context.signal,
      onStep: ({ step, total }) => bar.show(step, total, `${texts.length} pictures`),
    })
      .catch((error: unknown) => {
        if (context.signal.aborted) throw new Interrupted('edit: interrupted');
        throw error instanceof RangeError ? new UsageError(error.message) : error;
      })
      .finally(() => bar.end());
    await writeAll(out, { image, results, modelHash: await hashModel(folder, context.signal) }, flags, context);
  } finally {
    disposeModel(model);
  }
}

interface Made {
  readonly image: InputImage;
  readonly results: readonly GeneratedImage[];
  readonly modelHash: string;
}

/** Prior, results, and a sheet of them with what changed. */
async function writeAll(out: string, { image, results, modelHash }: Made, flags: Flags, context: Context): Promise<void> {
  await mkdir(out, { recursive: true }).catch((error: unknown) => {
    throw new FileError(out, `cannot be made: ${describeSystemError(error)}`, error);
  });
  const prior = { ...image, channels: image.channels === 1 ? (1 as const) : (3 as const) };
  await writeSynthetic(join(out, 'prior.png'), prior, { Comment: `the prior image of an edit, as the model saw it; ${disclaimer}` });
  const pictures: { file: string; text: string; lostTokens: number }[] = [];
  for (const result of results) {
    const file = `${String(result.index).padStart(4, '0')}.png`;
    await saveImage(join(out, file), result, modelHash);
    pictures.push({ file, text: result.prompt, lostTokens: result.lostTokens });
  }
  const lost = results.filter(({ lostTokens }) => lostTokens > 0).length;
  if (lost > 0) context.say(`${lost} of ${results.length} texts are longer than the model reads; the manifest says by how many tokens`);
  const cells = results.flatMap((result) => [prior, result, difference(prior, result)]);
  const captions = results.flatMap(({ prompt }) => ['prior', prompt, 'what changed']);
  await imageGrid(cells, captions, { columns: 3, scale: Math.max(1, Math.round(160 / prior.width)) }).save(join(out, 'sheet.png'));
  const settings = results[0]!.made;
  const manifest = { note: disclaimer, model: { sha256: modelHash }, settings, prior: 'prior.png', sheet: 'sheet.png', pictures };
  await writeJson(join(out, 'manifest.json'), manifest);
  if (flags.json) context.print(JSON.stringify({ ...manifest, out }, null, 2));
  else
    context.print(
      `${out}: ${results.length === 1 ? '1 picture' : `${results.length} pictures`}, prior.png, sheet.png, manifest.json; ${disclaimer}`,
    );
}
