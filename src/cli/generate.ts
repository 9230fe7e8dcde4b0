/** `roentgen generate`: images from a model folder, as PNG files that say what they were made with, a sheet of all, and a manifest. */

import { createHash, randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { imageGrid, type Picture } from '../display';
import { duration } from '../display/internal';
import { startEngine } from '../engine';
import { FileError, type RowsPart, writeJson } from '../files';
import { claimFolder, describeSystemError, disclaimer, findModelFolder, libraryVersion } from '../files/internal';
import {
  disposeModel,
  type GeneratedImage,
  imageToImage,
  inpaint,
  loadModel,
  type Model,
  readInputImage,
  SAMPLING_DEFAULTS,
  type SamplingOptions,
  saveImage,
  textToImage,
} from '../pipelines';
import { hashModel, latentFactor, partRange } from '../pipelines/internal';
import { schedulerNames } from '../schedulers';
import { type AppliedAddOn, addOn } from './add-ons';
import { asUsage, type Context, collect, Interrupted, UsageError } from './context';
import { lineProgress } from './line-progress';
import { numberIn, partOf, wholeNumber } from './numbers';
import { isPartMade, joinParts, PARTS, type PictureEntry, type PictureSet, readPictures, writePart } from './picture-parts';
import { readPrompts } from './prompts';

interface Flags {
  prompt?: readonly string[];
  prompts?: string;
  column?: string;
  negative?: string;
  steps: number;
  guidance: number;
  guidanceRescale?: number;
  scheduler?: string;
  eta?: number;
  seed: number;
  size?: number;
  count: number;
  batch: number;
  initImage?: string;
  strength?: number;
  mask?: string;
  variant?: string;
  lora?: readonly string[];
  embedding?: readonly string[];
  vaeSlicing?: boolean;
  vaeTiling?: boolean | number;
  out?: string;
  shard?: RowsPart;
  merge?: boolean;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addGenerate(command: Command, context: Context): void {
  command
    .argument(
      '<model>',
      "a folder in Stable Diffusion's layout, a file that pack-model wrote, a name, or a single .safetensors checkpoint of Stable Diffusion 1.x",
    )
    .option('--prompt <text>', 'what to show; may be given several times', collect)
    .option('--prompts <file>', 'a .txt file with a prompt on each line, or a .csv file with --column')
    .option('--column <name>', "the CSV's column of prompts")
    .option('--negative <text>', 'what the pictures are guided away from')
    .option('--steps <n>', 'steps from noise to picture', wholeNumber(1), SAMPLING_DEFAULTS.steps)
    .option('--guidance <scale>', 'how closely pictures follow the prompt; 1 is no guidance', numberIn(0, 1000), SAMPLING_DEFAULTS.guidance)
    .option('--guidance-rescale <share>', 'brings guided pictures back to the contrast of unguided ones, 0 to 1', numberIn(0, 1))
    .option('--scheduler <name>', `${Object.values(schedulerNames).join(', ')}; without it the model's own`)
    .option('--eta <share>', 'for ddim: 0 is deterministic, 1 draws noise at each step', numberIn(0, 1))
    .option('--seed <n>', 'fixes the noise of every picture', wholeNumber(0), SAMPLING_DEFAULTS.seed)
    .option('--size <pixels>', "side of the pictures; without it the model's own, or the first picture's", wholeNumber(1))
    .option('--count <n>', 'pictures of each prompt', wholeNumber(1), 1)
    // Fewer than in a cell, since models of Stable Diffusion's size are run from here; an image does not depend on it.
    .option('--batch <n>', 'pictures made at a time; fewer need less memory', wholeNumber(1), 4)
    .option('--init-image <file>', 'a picture to start from')
    .option('--strength <share>', 'how far --init-image is left behind, 0 to 1; 0.8, with --mask 1', numberIn(0, 1))
    .option('--mask <file>', 'white where --init-image is to be repainted, black where it is to be kept')
    .option('--variant <name>', 'which weights are read where a folder has several, such as fp16')
    .option('--lora <file[:strength]>', 'adapters to put on the model, such as style.safetensors:0.8; may be given several times', collect)
    .option(
      '--embedding <file[:word]>',
      "a learnt word to add; by default its own name, or the file's; may be given several times",
      collect,
    )
    .option('--vae-slicing', 'decode one picture of a batch at a time, with less memory')
    .option('--vae-tiling [pixels]', 'decode large pictures in blended tiles, with less memory', wholeNumber(1))
    .option(
      '--out <folder>',
      'where the pictures go, a new or empty folder; by default pictures/ and a name of the time in the current folder',
    )
    .option(
      '--shard <I/N>',
      'make part I of N (from 0) of the pictures alone, as one task of an array does; all have the same --out',
      partOf,
    )
    .option('--merge', 'write sheet and manifest of what all parts have made, and say what is missing')
    .option('--json', 'print what was made as JSON')
    .action((model: string, flags: Flags) => generate(model, flags, context));
}

async function generate(named: string, flags: Flags, context: Context): Promise<void> {
  const folder = findModelFolder(named) ?? named;
  const prompts = [...(flags.prompt ?? []), ...(flags.prompts === undefined ? [] : await readPrompts(flags.prompts, flags.column))];
  checkFlags(flags, prompts);
  const { shard, merge, variant, scheduler } = flags;
  const out = resolve(
    flags.out ?? join('pictures', `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}-${randomBytes(2).toString('hex')}`),
  );
  // Pictures of an earlier call would stand beside a manifest that does not know them.
  claimFolder(out, 'a new set of pictures', shard || merge ? [PARTS] : []);
  if (merge) {
    const set = await joinParts(out, identityOf(await hashModel(folder, context.signal), prompts, flags));
    return await finish(out, set, await readPictures(out, set.pictures.slice(0, MOST_ON_SHEET)), flags, context);
  }
  const { signal } = context;
  const engine = await startEngine();
  const model = await asUsage('generate', () => loadModel(folder, { variant, scheduler }));
  try {
    if (!model.tokenizer)
      throw new UsageError(`${folder}: has no tokenizer, so prompts can't be encoded; copy the model's tokenizer folder too`);
    context.say(`${engine.library} on ${engine.device}; model ${basename(resolve(folder))}`);
    const modelHash = await hashModel(folder, signal);
    const identity = identityOf(modelHash, prompts, flags);
    if (shard && (await isPartMade(out, shard, identity))) {
      context.print(`part ${shard.index} of ${shard.count} is made already`);
      return;
    }
    const addOns = await addOn(model, flags.lora ?? [], flags.embedding ?? []);
    await makeFolder(out);
    const started = performance.now();
    const { entries, made, stopped } = await makeAll(model, prompts, flags, out, { modelHash, addOns }, context);
    const set: PictureSet = {
      engine: `${engine.library}, ${engine.device}, ${engine.threads} threads`,
      model: { folder: basename(resolve(folder)), sha256: modelHash },
      ...(addOns.length > 0 && { add_ons: addOns }),
      settings: made[0]?.made ?? {},
      finished: !stopped,
      seconds: (performance.now() - started) / 1000,
      pictures: entries,
    };
    if (shard) {
      await writePart(out, shard, identity, set);
      if (flags.json) context.print(JSON.stringify({ out, shard, ...set }, null, 2));
      else if (!stopped)
        context.print(
          `part ${shard.index} of ${shard.count} is made, ${count(made.length, 'picture')}; with all of them, --merge writes sheet and manifest`,
        );
    } else await finish(out, set, made, flags, context);
    if (stopped) throw new Interrupted(`generate: interrupted; ${count(made.length, 'finished picture')} kept in ${out}`);
  } finally {
    disposeModel(model);
  }
}

/** @throws UsageError where options do not go together */
function checkFlags(flags: Flags, prompts: readonly string[]): void {
  if (prompts.length === 0)
    throw new UsageError('generate: no prompt: give --prompt TEXT or --prompts FILE (--prompt "" is unconditional)');
  if (flags.column !== undefined && flags.prompts === undefined)
    throw new UsageError('generate: --column names a column of --prompts FILE');
  for (const [name, value] of Object.entries({ strength: flags.strength, mask: flags.mask }))
    if (value !== undefined && flags.initImage === undefined) throw new UsageError(`generate: --${name} goes with --init-image FILE`);
  if (flags.shard && flags.merge) throw new UsageError('generate: --shard makes a part and --merge none; give one of them');
  if ((flags.shard || flags.merge) && flags.out === undefined)
    throw new UsageError('generate: --shard and --merge need --out FOLDER, the same for all parts');
}

/** Writes sheet and manifest, and says what there is. */
async function finish(out: string, set: PictureSet, pictures: readonly Picture[], { json }: Flags, { print }: Context): Promise<void> {
  const sheet = pictures.length > 0 ? 'sheet.png' : undefined;
  const shown = pictures.slice(0, MOST_ON_SHEET);
  if (sheet) await imageGrid(shown, undefined, { scale: Math.max(1, Math.round(160 / shown[0]!.width)) }).save(join(out, sheet));
  const { seconds, pictures: entries, ...others } = set;
  const rounded = Math.round(seconds * 10) / 10;
  const manifest = {
    note: disclaimer,
    software: `roentgen-lab ${libraryVersion}`,
    ...others,
    seconds: rounded,
    sheet,
    pictures: entries,
  };
  await writeJson(join(out, 'manifest.json'), manifest);
  if (json) print(JSON.stringify({ ...manifest, out }, null, 2));
  else if (entries.length > 0)
    print(`${out}: ${count(entries.length, 'picture')} in ${duration(seconds)}, sheet.png, manifest.json; ${disclaimer}`);
}

/** Options that pictures follow from: parts of one set agree in them. */
const OF_PICTURES = [
  'negative',
  'steps',
  'guidance',
  'guidanceRescale',
  'scheduler',
  'eta',
  'seed',
  'size',
  'count',
  'initImage',
  'strength',
  'mask',
  'variant',
  'lora',
  'embedding',
  'vaeTiling',
] as const satisfies readonly (keyof Flags)[];

const identityOf = (modelHash: string, prompts: readonly string[], flags: Flags): string =>
  createHash('sha256')
    .update(JSON.stringify([modelHash, prompts, OF_PICTURES.map((name) => flags[name] ?? null)]))
    .digest('hex');

const MOST_ON_SHEET = 100;

/** Before hours of sampling, not after. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw new FileError(path, `cannot be made: ${describeSystemError(error)}`, error);
  }
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;

type Maker = (options: SamplingOptions) => Promise<GeneratedImage[]>;

/** The pipeline that the flags ask for, and what was resampled for it. */
async function makerOf(model: Model, flags: Flags): Promise<{ maker: Maker; resampled: string[] }> {
  const { initImage, mask, strength, size, guidanceRescale } = flags;
  if (initImage === undefined)
    return { maker: (options) => textToImage(model, { ...options, size, rescale: guidanceRescale }), resampled: [] };
  const channels = model.vae.config.in_channels === 1 ? 1 : 3;
  const inputs = [await readInputImage(initImage, channels, size), ...(mask === undefined ? [] : [await readInputImage(mask, 1, size)])];
  const [images, masks] = inputs.map(({ image }) => [image]);
  return {
    maker: (options) =>
      masks
        ? inpaint(model, { ...options, strength, images: images!, masks })
        : imageToImage(model, { ...options, strength, images: images!, rescale: guidanceRescale }),
    resampled: inputs.flatMap((one) => one.resampled ?? []),
  };
}

/** What a person should know of the size that is asked for: nothing is enlarged, but the model was made for another. */
function sizeNote(model: Model, size: number | undefined): string | undefined {
  const { sample_size: latents } = model.unet.config;
  const own = latents === undefined || latents === null ? undefined : [latents].flat()[0]! * latentFactor(model);
  if (size === undefined || own === undefined || size === own) return undefined;
  return `The model was trained at ${own} pixels and draws at ${size}, which it has not learnt; nothing is resampled.`;
}

/** Images batch after batch, each written when it is done: what an interrupt leaves are whole images. */
async function makeAll(
  model: Model,
  prompts: readonly string[],
  flags: Flags,
  out: string,
  { modelHash, addOns }: { readonly modelHash: string; readonly addOns: readonly AppliedAddOn[] },
  { signal, say }: Context,
): Promise<{ entries: PictureEntry[]; made: GeneratedImage[]; stopped: boolean }> {
  const { maker, resampled } = await makerOf(model, flags);
  for (const sentence of [...resampled.map((what) => `resampled: ${what}`), sizeNote(model, flags.size) ?? []].flat()) say(sentence);
  const inputs: Record<string, string> = resampled.length > 0 ? { resampled: resampled.join('; ') } : {};
  const entries: PictureEntry[] = [];
  const finished: GeneratedImage[] = [];
  const all = prompts.length * flags.count;
  const [from, to] = partRange(all, flags.shard);
  const digits = Math.max(4, String(all - 1).length);
  const progress = lineProgress(process.stderr);
  const onImages = async (pictures: readonly GeneratedImage[]): Promise<void> => {
    for (const picture of pictures) {
      const file = `${String(picture.index).padStart(digits, '0')}.png`;
      const whole = { ...picture, made: { ...picture.made, ...inputs } };
      const made = addOns.length > 0 ? { ...whole.made, add_ons: JSON.stringify(addOns) } : whole.made;
      await saveImage(join(out, file), { ...whole, made }, modelHash);
      const { prompt, seed, index, lostTokens } = picture;
      entries.push({ file, prompt, seed, index, lostTokens });
      finished.push(whole);
    }
  };
  try {
    await maker({
      prompts,
      negative: flags.negative,
      steps: flags.steps,
      guidance: flags.guidance,
      seed: flags.seed,
      imagesPerPrompt: flags.count,
      batchSize: flags.batch,
      ...(flags.shard && { part: flags.shard }),
      signal,
      onImages,
      onStep: ({ step, total: calls }) => progress.show(step, calls, `${finished.length}/${to - from} pictures`),
      scheduler: flags.scheduler,
      eta: flags.eta,
      vaeSlicing: flags.vaeSlicing,
      vaeTiling: flags.vaeTiling,
    });
    return { entries, made: finished, stopped: false };
  } catch (error) {
    if (signal.aborted) return { entries, made: finished, stopped: true };
    throw error instanceof RangeError || error instanceof TypeError ? new UsageError(error.message) : error;
  } finally {
    progress.end();
  }
}
