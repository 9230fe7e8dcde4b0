/** `roentgen reader-study make`: what a model writes of a bench's images beside what radiologists have written. */

import { dirname, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { dispose, startEngine } from '../../engine';
import { type ReportPair, writeReportPairs } from '../../evaluation';
import { FileError, rowsOf } from '../../files';
import { type BenchText, imageStates, openAsked, readCheXbench, sectionQuestion, showsImages, writeAnswers } from '../../systems';
import { imagesRead } from '../asking/images-read';
import type { Context } from '../context';
import { wholeNumber } from '../numbers';
import { oneBar } from '../one-bar';

interface Flags {
  bench: string;
  images?: string;
  out: string;
  count: number;
  maxTokens: number;
}

/** The subcommand's arguments, options and action. */
export function addMakeReaderStudy(command: Command, context: Context): void {
  command
    .description("write CheXagent's CSV: findings that a model writes of a bench's images beside those of the bench; not for diagnosis")
    .argument('<model>', "a model's folder (chexagent train, cxr-llava train)")
    .requiredOption('--bench <file>', "a JSON file of CheXbench's layout with findings to be written (roentgen instruct bench makes one)")
    .option('--images <folder>', "the folder that its image paths begin in; by default the file's")
    .option('--out <file>', 'the CSV', 'reader_study.csv')
    .option('--count <n>', 'the most samples', wholeNumber(1), 50)
    .option('--max-tokens <n>', 'the most tokens of a report', wholeNumber(1), 150)
    .action((model: string, flags: Flags) => make(model, flags, context));
}

async function make(folder: string, flags: Flags, context: Context): Promise<void> {
  const [file, out] = [resolve(flags.bench), resolve(flags.out)];
  const bench = await readCheXbench(file, resolve(flags.images ?? dirname(file)));
  const texts = bench.texts.filter(({ task }) => showsImages(task)).slice(0, flags.count);
  if (texts.length === 0) throw new FileError(file, 'has no item of the task "Findings Generation"');
  await startEngine();
  const model = await openAsked(resolve(folder));
  const bars = oneBar();
  try {
    const { size, images: most } = model.network;
    const shown = texts.map(({ images }) => images.slice(0, most));
    const { rows, pixels } = await imagesRead([...new Set(shown.flat())], size, context);
    const watched = (what: string) => ({
      signal: context.signal,
      onProgress: (done: number, total: number) => bars.show(what, done, total),
    });
    const states = await imageStates(model, rowsOf(pixels, size * size), watched('Images'));
    const questions = texts.map((text, i) => ({ images: shown[i]!.map((path) => rows.get(path)!), question: sectionQuestion(text) }));
    const written = await writeAnswers(model, questions, states, { maxTokens: flags.maxTokens, ...watched('Reports') });
    await writeReportPairs(
      out,
      texts.map((text, i) => pairOf(text, i, written[i]!, dirname(out))),
    );
  } finally {
    bars.end();
    dispose(model.params);
  }
  context.print(`${texts.length} samples: ${out}`);
  context.print(`roentgen reader-study read ${flags.out} --reader NAME opens their page. Written by a network; not for diagnosis.`);
}

const pairOf = ({ images, given, reference, source }: BenchText, i: number, candidate: string, from: string): ReportPair => ({
  sample: String(i + 1),
  study: `${source}-${i + 1}`,
  images: images.map((path) => relative(from, path)),
  indication: given,
  candidate: candidate === '' ? '(nothing)' : withCapitals(candidate),
  reference,
});

/** Sentences that begin with capitals: some vocabularies have small letters alone, which would tell readers who wrote. */
const withCapitals = (text: string): string =>
  text.replace(/(^|[.!?]\s+)(\p{Ll})/gu, (_, before: string, letter: string) => `${before}${letter.toUpperCase()}`);
