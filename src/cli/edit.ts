/** `roentgen edit`: an image changed as words say, beside the image that it came from. */

import { mkdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { imageGrid, mapGrid } from '../display';
import { startEngine } from '../engine';
import { FileError, writeJson } from '../files';
import { claimFolder, describeSystemError, disclaimer, findModelFolder, writeSynthetic } from '../files/internal';
import {
  disposeModel,
  type EditRegion,
  editImage,
  editRegions,
  editTrajectory,
  type GeneratedImage,
  type InputImage,
  loadModel,
  type Model,
  readRadiograph,
  regionMask,
  SAMPLING_DEFAULTS,
  saveImage,
} from '../pipelines';
import { hashModel, latentFactor } from '../pipelines/internal';
import { asUsage, type Context, collect, Interrupted, UsageError } from './context';
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
  region?: number | true;
  trajectory?: boolean;
  out: string;
  json?: boolean;
}

/** Of a region map's largest value, what the edited part begins at where --region names none. */
const REGION = 0.3;

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
    .option(
      '--region [fraction]',
      `change only where the text wants to: where a map of that is at least this fraction of its largest value (${REGION} without a number)`,
      numberIn(0.01, 1),
    )
    .option('--trajectory', 'the same patient through all texts: each changes the result of the one before')
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
    expectRead(model, texts);
    const { image, resampled } = await readRadiograph(flags.image, model.vae.config.in_channels === 1 ? 1 : 3, flags.size ?? sizeOf(model));
    if (resampled) context.say(`resampled: ${resampled}`);
    const { results, regions } = await made(model, image, texts, flags, context);
    await writeAll(out, { image, results, regions, resampled, modelHash: await hashModel(folder, context.signal) }, flags, context);
  } finally {
    disposeModel(model);
  }
}

/** A text whose end is not read would be followed in part: no picture is better than that one. @throws UsageError where one is too long, by its number */
function expectRead({ tokenizer }: Model, texts: readonly string[]): void {
  const { lostTokens } = tokenizer!.encodeBatch(texts);
  const long = lostTokens.findIndex((lost) => lost > 0);
  if (long < 0) return;
  const which = texts.length > 1 ? `--text number ${long + 1}` : '--text';
  throw new UsageError(
    `edit: ${which} is longer than the model reads, ${tokenizer!.maxLength} tokens, by ${lostTokens[long]}: say what changed in fewer words, or in several steps (--trajectory)`,
  );
}

/** The pictures, and where each text wanted to change the image, where that was asked for. */
async function made(
  model: Model,
  image: InputImage,
  texts: readonly string[],
  flags: Flags,
  { signal }: Context,
): Promise<{ results: GeneratedImage[]; regions: EditRegion[] }> {
  const region = flags.region === true ? REGION : flags.region;
  const bar = lineProgress(process.stderr);
  const request = {
    prompts: texts,
    guidance: flags.guidanceText,
    imageGuidance: flags.guidanceImage,
    steps: flags.steps,
    seed: flags.seed,
    signal,
    onStep: ({ step, total }: { readonly step: number; readonly total: number }) => bar.show(step, total, `${texts.length} pictures`),
  };
  try {
    if (flags.trajectory)
      return { results: await editTrajectory(model, { ...request, image, ...(region !== undefined && { region }) }), regions: [] };
    const images = [image];
    const regions = region === undefined ? [] : await editRegions(model, { prompts: texts, images, seed: flags.seed, signal });
    const masks = region === undefined ? undefined : regions.map((map) => regionMask(map, region));
    return { results: await editImage(model, { ...request, images, batchSize: 4, ...(masks && { masks }) }), regions };
  } catch (error) {
    if (signal.aborted) throw new Interrupted('edit: interrupted');
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  } finally {
    bar.end();
  }
}

interface Made {
  readonly image: InputImage;
  readonly results: readonly GeneratedImage[];
  /** One for each result, or none. */
  readonly regions: readonly EditRegion[];
  /** How the prior was brought to the model's size. */
  readonly resampled?: string | undefined;
  readonly modelHash: string;
}

/** Prior, results, and a sheet of them with what changed. */
async function writeAll(
  out: string,
  { image, results, regions, resampled, modelHash }: Made,
  flags: Flags,
  context: Context,
): Promise<void> {
  await mkdir(out, { recursive: true }).catch((error: unknown) => {
    throw new FileError(out, `cannot be made: ${describeSystemError(error)}`, error);
  });
  const prior = { ...image, channels: image.channels === 1 ? (1 as const) : (3 as const) };
  await writeSynthetic(join(out, 'prior.png'), prior, { Comment: `the prior image of an edit, as the model saw it; ${disclaimer}` });
  const pictures: { file: string; text: string }[] = [];
  for (const [i, result] of results.entries()) {
    const file = `${String(i).padStart(4, '0')}.png`;
    await saveImage(join(out, file), result, modelHash);
    pictures.push({ file, text: result.prompt });
  }
  const scale = Math.max(1, Math.round(160 / prior.width));
  if (flags.trajectory) {
    const captions = ['prior', ...results.map(({ prompt }, i) => `${i + 1}. ${prompt}`)];
    await imageGrid([prior, ...results], captions, { columns: captions.length, scale }).save(join(out, 'sheet.png'));
  } else {
    const cells = results.flatMap((result) => [prior, result, difference(prior, result)]);
    const captions = results.flatMap(({ prompt }) => ['prior', prompt, 'what changed']);
    await imageGrid(cells, captions, { columns: 3, scale }).save(join(out, 'sheet.png'));
  }
  if (regions.length > 0)
    await mapGrid(
      regions.flatMap((map, i) => [prior, map, results[i]!]),
      {
        columns: 3,
        scale,
        labels: results.flatMap((_, i) => ['prior', `where text ${i + 1} wants change`, 'changed there alone']),
        unit: 'difference of predicted noise with and without the text',
      },
    ).save(join(out, 'regions.png'));
  const settings = results[0]!.made;
  const manifest = {
    note: disclaimer,
    model: { sha256: modelHash },
    settings,
    prior: 'prior.png',
    ...(resampled !== undefined && { resampled }),
    ...(flags.region !== undefined && { region: flags.region === true ? REGION : flags.region }),
    sheet: 'sheet.png',
    pictures,
  };
  await writeJson(join(out, 'manifest.json'), manifest);
  if (flags.json) context.print(JSON.stringify({ ...manifest, out }, null, 2));
  else
    context.print(
      `${out}: ${results.length === 1 ? '1 picture' : `${results.length} pictures`}, prior.png, sheet.png, manifest.json; ${disclaimer}`,
    );
}
