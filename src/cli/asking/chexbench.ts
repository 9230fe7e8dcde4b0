/** `roentgen chexbench`: a model on a bench of CheXbench's layout. */

import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { dispose, key, startEngine } from '../../engine';
import { evaluateCheXbench } from '../../evaluation';
import { rowsOf } from '../../files';
import { claimFolder } from '../../files/internal';
import { type CheXbench, openAsked, readCheXbench } from '../../systems';
import type { Context } from '../context';
import { wholeNumber } from '../numbers';
import { runEvaluation } from '../run-evaluation';
import { imagesRead } from './images-read';

interface Flags {
  bench: string;
  images?: string;
  out: string;
  maxTokens: number;
  seed: number;
  draws: number;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addCheXbench(command: Command, context: Context): void {
  command
    .description(
      'accuracy on questions with options by letter and by likelihood, boxes and sections, each beside chance, the majority answer and a blank image',
    )
    .argument('<model>', "a model's folder (chexagent train, cxr-llava train)")
    .requiredOption('--bench <file>', "a JSON file of CheXbench's layout (roentgen instruct bench makes one)")
    .option('--images <folder>', "the folder that its image paths begin in; by default the file's")
    .option('--out <folder>', 'where result.json goes', 'runs/chexbench')
    .option('--max-tokens <n>', 'the most tokens of a section', wholeNumber(1), 100)
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 1)
    .option('--draws <n>', 'of the bootstrap and of the tests', wholeNumber(1), 1000)
    .option('--json', 'print the result as JSON')
    .action((model: string, flags: Flags) => run(model, flags, context));
}

/** Files of images, each once. */
const filesOf = ({ questions, places, texts }: CheXbench): string[] => [
  ...new Set([...questions, ...places, ...texts].flatMap(({ images }) => images)),
];

async function run(folder: string, flags: Flags, context: Context): Promise<void> {
  const { seed, draws, maxTokens } = flags;
  const file = resolve(flags.bench);
  const bench = await readCheXbench(file, resolve(flags.images ?? dirname(file)));
  const out = resolve(flags.out);
  claimFolder(out, 'an evaluation on CheXbench', ['result.json']);
  await startEngine();
  const model = await openAsked(resolve(folder));
  try {
    const { size } = model.network;
    const { rows, pixels } = await imagesRead(filesOf(bench), size, context);
    await runEvaluation(
      {
        command: 'chexbench',
        out,
        facts: { model: folder, bench: flags.bench, seed, draws },
        ...(flags.json && { json: true }),
        evaluate: (onProgress) =>
          evaluateCheXbench(model, {
            bench,
            rows,
            pixels: rowsOf(pixels, size * size),
            maxTokens,
            key: key(seed),
            draws,
            signal: context.signal,
            onProgress,
          }),
      },
      context,
    );
  } finally {
    dispose(model.params);
  }
}
