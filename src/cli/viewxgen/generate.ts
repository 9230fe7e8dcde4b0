/** `roentgen viewxgen generate`: a view of a study from its report and other views, or its report from its views. */

import { basename, extname, join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Command } from 'commander';
import { dispose, foldIn, key, scope, startEngine, type Tree } from '../../engine';
import { claimFolder, disclaimer, writeSynthetic } from '../../files/internal';
import { readRadiograph } from '../../pipelines';
import {
  type ChestView,
  chestViews,
  type ImagePart,
  imagesOfCodes,
  type KnownParts,
  loadViewxgen,
  parseView,
  reportText,
  VIEWXGEN_SAMPLING,
  type ViewxgenModel,
  viewxgenWriter,
} from '../../systems';
import { encodeToCodes } from '../../vq';
import { vqFactor } from '../../vq/internal';
import { asUsage, type Context, collect, Interrupted, UsageError } from '../context';
import { numberIn, wholeNumber } from '../numbers';
import { oneBar } from '../one-bar';

interface Flags {
  view?: string;
  report?: string;
  image: readonly string[];
  out?: string;
  count: number;
  topP: number;
  temperature: number;
  seed: number;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addGenerateViewxgen(command: Command, context: Context): void {
  command
    .description(
      'make a view of a study from its report and other views (--view), or its report from its views; synthetic, not for diagnosis',
    )
    .argument('<model>', "a model's folder (viewxgen train)")
    .option('--view <name>', `the view to make: ${chestViews.join(', ')}; without it a report is written`)
    .option('--report <text>', "the study's report, for a view")
    .option(
      '--image <file>',
      'a view of the study, as LATERAL=file.png or a file with its view as name, such as PA.png; may be given several times',
      collect,
      [],
    )
    .option('--out <folder>', 'where the pictures go, a new or empty folder; with --view')
    .option('--count <n>', 'how many to make', wholeNumber(1), 1)
    .option(
      '--top-p <share>',
      'draw tokens of the likeliest that together have this probability',
      numberIn(0.01, 1),
      VIEWXGEN_SAMPLING.top_p,
    )
    .option(
      '--temperature <t>',
      'below 1 likelier tokens yet, above 1 less likely ones',
      numberIn(0.01, 100),
      VIEWXGEN_SAMPLING.temperature,
    )
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 0)
    .option('--json', 'print what was made as JSON')
    .action((model: string, flags: Flags) => generate(model, flags, context));
}

/** A view's name and its file. @throws UsageError where neither option nor file's name says which view it is */
function namedView(given: string): { readonly view: ChestView; readonly file: string } {
  const [, prefix, rest] = /^([A-Za-z]+)=(.+)$/.exec(given) ?? [];
  const file = rest ?? given;
  const name = prefix ?? basename(file, extname(file));
  try {
    return { view: parseView(name), file };
  } catch {
    throw new UsageError(
      `viewxgen generate: --image ${given}: say which view it is, such as --image PA=${file} (${chestViews.join(', ')})`,
    );
  }
}

async function generate(folder: string, flags: Flags, context: Context): Promise<void> {
  const { report = '', count, topP: top_p, temperature, seed } = flags;
  const given = flags.image.map(namedView);
  if (flags.view === undefined && given.length === 0)
    throw new UsageError('viewxgen generate: give --view to make an image, or --image to write a report of');
  if (flags.view === undefined && report !== '')
    throw new UsageError('viewxgen generate: --report is for a view; say which one with --view');
  if (flags.view !== undefined && flags.out === undefined)
    throw new UsageError('viewxgen generate: --view needs --out, a folder for the pictures');
  const view = flags.view === undefined ? undefined : await asUsage('viewxgen generate', () => parseView(flags.view!));
  await startEngine();
  const model = await loadViewxgen(resolve(folder));
  const writer = viewxgenWriter(model);
  const bars = oneBar();
  try {
    const images: ImagePart[] = [];
    for (const one of given) images.push(await imagePartOf(model, one, context));
    const known: KnownParts[] = new Array<KnownParts>(count).fill({ ...(view && { report: reportText(report) }), images });
    const options = {
      sampling: { top_p, temperature },
      key: foldIn(key(seed), 0),
      signal: context.signal,
      onProgress: (done: number, total: number): void => bars.show('Tokens', done, total),
    };
    if (view === undefined) {
      const reports = await asUsage('viewxgen generate', () => writer.reports(known, options));
      bars.end();
      context.print(flags.json ? JSON.stringify({ reports, seed }, null, 2) : reports.join('\n\n'));
      context.say('Written by a network; not for diagnosis.');
      return;
    }
    if (report === '') context.say('No report was given: the view follows from the other views alone.');
    const { length, lostTokens } = model.tokenizer.encode(reportText(report));
    if (lostTokens > 0) context.say(`The report has ${length + lostTokens} tokens; the last ${lostTokens} are not read.`);
    const out = resolve(flags.out!);
    claimFolder(out, 'a new set of pictures', []);
    const codes = await asUsage('viewxgen generate', () => writer.views(known, view, options));
    bars.end();
    const files = await writeAll(model, { codes, view, out });
    context.print(flags.json ? JSON.stringify({ files, view, seed }, null, 2) : files.join('\n'));
    context.say(`${disclaimer}.`);
  } catch (error) {
    if (context.signal.aborted) throw new Interrupted('viewxgen generate: interrupted');
    throw error;
  } finally {
    bars.end();
    writer.dispose();
    dispose(model.params as Tree, model.vq.params as Tree);
  }
}

const sizeOf = ({ config, vq }: ViewxgenModel): number => config.grid * vqFactor(vq.config);

async function imagePartOf(model: ViewxgenModel, { view, file }: ReturnType<typeof namedView>, context: Context): Promise<ImagePart> {
  const size = sizeOf(model);
  const { image, resampled } = await readRadiograph(file, 1, size);
  if (resampled) context.say(`resampled: ${resampled}`);
  const { vq } = model;
  const codes = scope(() => {
    const pixels = tf.tensor4d(image.pixels, [1, size, size, 1]);
    return encodeToCodes(vq.config, vq.params, tf.sub(tf.mul(pixels, 2), 1));
  });
  try {
    return { kind: 'image', view, codes: (await codes.data()) as Int32Array };
  } finally {
    dispose(codes);
  }
}

async function writeAll(
  model: ViewxgenModel,
  { codes, view, out }: { readonly codes: readonly Int32Array[]; readonly view: ChestView; readonly out: string },
): Promise<string[]> {
  const size = sizeOf(model);
  const pixels = await imagesOfCodes(model, codes);
  const files: string[] = [];
  for (let i = 0; i < codes.length; i++) {
    const file = join(out, `${view}-${String(i + 1).padStart(3, '0')}.png`);
    const image = { pixels: pixels.subarray(i * size * size, (i + 1) * size * size), width: size, height: size, channels: 1 as const };
    await writeSynthetic(file, image, { Comment: `a ${view} view made by ViewXGen's network; ${disclaimer}` });
    files.push(file);
  }
  return files;
}
