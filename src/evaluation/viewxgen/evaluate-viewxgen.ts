/** ViewXGen's table at laptop scale: reports from one, two, three views, views from a report and others, beside networks of one task and what is found. */

import { dispose, foldIn, type Tree } from '../../engine';
import { readRange } from '../../files/internal';
import { studyReader } from '../networks/study-reader';
import type { SystemEvaluation } from '../result';
import { LABEL_DEFINITION, WORD_DEFINITIONS } from '../text-measures';
import { diffused } from './diffused';
import { findingsOf } from './findings';
import { generated } from './generated';
import { networksOf, partsOf } from './networks';
import { TRUE, type ViewxgenEvaluationOptions } from './options';
import { retrieved } from './retrieved';
import { viewRulings } from './rulings';
import { type Bench, reportTable, trueViews, viewTable } from './tables';
import { kOfN, studiesOf, type Task } from './tasks';

/**
 * @throws RangeError where the latent diffusion model is for images of another size; the signal's reason where it was raised: networks that are trained stay
 */
export async function evaluateViewxgen(options: ViewxgenEvaluationOptions): Promise<SystemEvaluation> {
  const { recipe, data, key, diffusion, draws = 500 } = options;
  if (diffusion && diffusion.size !== recipe.size)
    throw new RangeError(`recipe ${diffusion.name} is for images of ${diffusion.size} pixels, and the studies have ${recipe.size}`);
  const { test } = data;
  const watching = { ...(options.signal && { signal: options.signal }), ...(options.onProgress && { onProgress: options.onProgress }) };
  const reader = await studyReader({ data: data.train, size: recipe.size, ...watching });
  try {
    const real = await reader.read(await readRange(test.pixels, 0, test.pixels.length));
    const { networks, autoencoder } = await networksOf(options);
    const parts = await partsOf(options, networks.both, autoencoder);
    const rows = kOfN(recipe.network.images).filter((row) => studiesOf(test.studies, row).length > 1);
    try {
      const joint = await generated(options, { writes: networks.both, draws: networks.both, parts, reader, rows });
      const apart = await generated(options, { writes: networks.text, draws: networks.image, parts, reader, rows });
      const found = await retrieved(options, reader, rows);
      const drawn = diffusion && (await diffused(options, diffusion, reader, rows));
      const truth: Task = { by: TRUE, reports: [], views: rows.map((row) => trueViews(test, row, real)) };
      const bench: Bench = { test, real, findings: reader.findings, draws: { key: foldIn(key, 9), draws } };
      const rulings = await viewRulings(options, networks.both, parts, reader);
      return {
        tables: [
          reportTable([joint, apart, found], bench),
          await viewTable([joint, apart, ...(drawn ? [drawn] : []), found, truth], bench),
          rulings.table,
        ],
        findings: [rulings.finding, ...findingsOf({ joint, apart, drawn }, bench)],
        definitions: {
          ...WORD_DEFINITIONS,
          'F1 of labels': LABEL_DEFINITION,
          FID: `Fréchet distance between views that were made and the studies' own first views; features: the last maps' means of ${reader.definition}`,
          AUROC: `mean over findings that some of the studies have and some not, of what the same network reads in the views that were made; its findings: ${reader.findings.join(', ')}`,
        },
        notes: [
          '"k of n": studies with n views. A report is written from the first k; the first view is made from the report and the first k - 1 of the others.',
          'One training of each network: intervals are over studies, not over seeds.',
          `Reports of at most ${recipe.network.text_length - 1} tokens; both sides in small letters.`,
        ],
      };
    } finally {
      for (const { params, vq } of Object.values(networks)) dispose(params as Tree, vq.params as Tree);
    }
  } finally {
    reader.dispose();
  }
}
