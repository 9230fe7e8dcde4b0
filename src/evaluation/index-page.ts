/** The page that leads to all results of a folder. */

import { join } from 'node:path';
import { notForDiagnosis, table } from '../display';
import { type NotebookCell, notebookHtml } from '../display/internal';
import { writeFileAtomic } from '../files/internal';
import type { Bench } from './bench';
import type { EvaluationResult } from './result';

/** Writes `<out>/index.html`: what was evaluated, the paper's findings with their verdicts, and what could not be. */
export async function writeIndex(
  bench: Bench,
  done: readonly { readonly result: EvaluationResult; readonly seconds: number }[],
  failed: readonly { readonly name: string; readonly why: string }[],
): Promise<string> {
  const { models, test, records, seed, quick, out } = bench;
  const pages = done.map(({ result: { evaluation } }) => `${evaluation}/report.html`);
  const links = done.map(({ result: { title, paper }, seconds }, i) => `- [${title}](${pages[i]}): ${paper}; ${Math.round(seconds)} s`);
  const findings = done.flatMap(({ result }) => result.findings ?? []);
  const cells: NotebookCell[] = [
    { cell_type: 'markdown', source: '# Evaluation' },
    {
      cell_type: 'markdown',
      source: `${models.map(({ name }) => name).join(', ')}; ${records.length} prompts of ${test.name}; seed ${seed}${quick ? '; the quick form' : ''}. ${test.credit} All generated images are ${notForDiagnosis}.`,
    },
    { cell_type: 'markdown', source: links.join('\n') },
    ...(failed.length > 0
      ? [{ cell_type: 'markdown', source: `## Not evaluated\n\n${failed.map(({ name, why }) => `- ${name}: ${why}`).join('\n')}` }]
      : []),
    ...(findings.length > 0
      ? [
          { cell_type: 'markdown', source: "## The paper's findings" },
          {
            cell_type: 'code',
            source: '',
            outputs: [
              {
                output_type: 'display_data',
                data: table(
                  findings.map(({ finding, paper, here, verdict }) => ({ finding, 'the paper': paper, here, verdict })),
                ).bundle() as Record<string, unknown>,
              },
            ],
          },
        ]
      : []),
  ];
  const page = join(out, 'index.html');
  await writeFileAtomic(page, notebookHtml({ nbformat: 4, cells }, { name: 'evaluation', folder: out, date: new Date(), pages }).html);
  return page;
}
