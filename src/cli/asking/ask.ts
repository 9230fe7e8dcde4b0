/** `roentgen ask`: a question about one radiograph or two. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { dispose, key, startEngine } from '../../engine';
import { readRadiograph } from '../../pipelines';
import { answerAsWritten, openAsked } from '../../systems';
import { asUsage, type Context, UsageError } from '../context';
import { numberIn, wholeNumber } from '../numbers';

interface Flags {
  question: string;
  temperature: number;
  topP: number;
  maxTokens: number;
  seed: number;
  narrow?: boolean;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addAsk(command: Command, context: Context): void {
  command
    .description('ask a model about a radiograph, or about two where it can be shown two; not for diagnosis')
    .argument('<model>', "a model's folder (cxr-llava train, chexagent train)")
    .argument('<images...>', 'PNG, JPEG, DICOM and others, the earlier one first')
    .requiredOption('--question <text>', 'what is asked')
    .option('--temperature <t>', '0 takes the likeliest tokens; above it likelier tokens are drawn more often', numberIn(0, 100), 0)
    .option('--top-p <share>', 'draw tokens of the likeliest that together have this probability', numberIn(0.01, 1), 0.8)
    .option('--max-tokens <n>', 'the most tokens of the answer', wholeNumber(1), 100)
    .option('--seed <n>', 'where random numbers start', wholeNumber(0), 0)
    .option('--narrow', 'keep weights in the 16 bits of their files: half the memory, slower; by itself where float32 does not fit')
    .option('--json', 'print question and answer as JSON')
    .action((model: string, images: readonly string[], flags: Flags) => ask(model, images, flags, context));
}

async function ask(folder: string, files: readonly string[], flags: Flags, context: Context): Promise<void> {
  const { question, temperature, topP: top_p, maxTokens, seed } = flags;
  if (question.trim() === '') throw new UsageError('ask: --question: expected a question, got an empty text');
  await startEngine();
  const model = await openAsked(resolve(folder), flags.narrow ? { narrow: true } : {});
  try {
    const images: Float32Array[] = [];
    for (const file of files) {
      const { image, resampled } = await readRadiograph(resolve(file), 1, model.network.size);
      if (resampled) context.say(`${resampled}.`);
      images.push(image.pixels);
    }
    let answer = '';
    const asked = { images, question, temperature, top_p, maxTokens, key: key(seed), signal: context.signal };
    await asUsage('ask', async () => {
      for await (const text of answerAsWritten(model, asked)) answer = text;
    });
    context.print(flags.json ? JSON.stringify({ question, answer, seed }, null, 2) : answer);
    context.say('Written by a network; not for diagnosis.');
  } finally {
    dispose(model.params);
  }
}
