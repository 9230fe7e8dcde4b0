/** `roentgen sei report`: the report of an image, with the case that it was helped by. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { dispose, startEngine, type Tree } from '../../engine';
import { rowsOf } from '../../files';
import { readInputImage } from '../../pipelines';
import { caseFeatures, cleanIndication, findingsText, loadSei, seiWriter, similarCases } from '../../systems';
import { asUsage, type Context } from '../context';
import { wholeNumber } from '../numbers';

interface Flags {
  run: string;
  indication?: string;
  case: boolean;
  maxTokens?: number;
  json?: boolean;
}

/** The command's arguments, options and action. */
export function addSeiReport(command: Command, context: Context): void {
  command
    .description('write the report of a frontal radiograph, and say which case it was helped by; not for diagnosis')
    .argument('<image>', 'PNG, JPEG, DICOM and others')
    .option('--run <folder>', "a run's folder (sei train)", 'runs/sei')
    .option('--indication <text>', 'what was asked')
    .option('--no-case', 'from the image and the indication alone')
    .option('--max-tokens <n>', "the most tokens of the report, in place of the run's", wholeNumber(1))
    .option('--json', 'print report and case as JSON')
    .action((image: string, flags: Flags) => report(image, flags, context));
}

/** The image's study: no study of the history is it. */
const ASKED = { subject_id: '', study_id: 'asked' };

async function report(path: string, flags: Flags, context: Context): Promise<void> {
  await startEngine();
  const { alignment, writer: model, history } = await loadSei(resolve(flags.run));
  const writer = seiWriter(model);
  try {
    const { size } = model.config.image;
    const { image, resampled } = await readInputImage(path, 1, size);
    if (resampled) context.say(`${resampled}.`);
    const pixels = rowsOf(image.pixels, size * size);
    const features = await caseFeatures(alignment, [ASKED], pixels, { signal: context.signal });
    const [best] = flags.case && model.config.reads.includes('case') ? similarCases(history.features, features, 1)[0]! : [];
    const helper = best && { ...history.cases[best.row]!, cosine: best.cosine };
    const indication = cleanIndication(flags.indication ?? '') || undefined;
    if (indication !== undefined && !model.config.reads.includes('indication')) context.say('This network reads no indication.');
    const { texts } = await asUsage('sei report', () =>
      writer.write(
        { pixels, cases: [helper && findingsText(helper.core_findings)], indications: [indication] },
        flags.maxTokens === undefined ? {} : { max_tokens: flags.maxTokens },
        { signal: context.signal },
      ),
    );
    if (flags.json) {
      context.print(JSON.stringify({ report: texts[0], indication: indication ?? null, case: helper ?? null }, null, 2));
      return;
    }
    context.print(texts[0]!);
    if (helper) {
      context.print('');
      context.print(`Helped by ${helper.id} (cosine ${helper.cosine.toFixed(3)}): ${helper.report}`);
    }
    context.say('Written by a network; not for diagnosis.');
  } finally {
    writer.dispose();
    dispose(alignment.params as Tree, model.params as Tree);
  }
}
