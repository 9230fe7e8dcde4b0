/** What the evaluations of edits leave: JSON, tables on the terminal, and pictures to look at. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { imageGrid } from '../../display';
import { duration } from '../../display/internal';
import type { Finding, JourneyRow, JourneyTruth, ResultTable } from '../../evaluation';
import { writeJson } from '../../files';
import type { Context } from '../context';
import { findingLine, tableLines } from '../result-tables';

export interface JourneyResult {
  readonly tables: readonly ResultTable[];
  readonly findings?: readonly Finding[];
  readonly definitions?: Readonly<Record<string, string>>;
  readonly notes?: readonly string[];
}

/** Journeys on the sheet: as many as are looked at by eye. */
const SHOWN = 24;

/** Journeys below each other, their images side by side. */
export async function writeSheet(file: string, truth: JourneyTruth, rows: readonly JourneyRow[]): Promise<void> {
  const { size, count, priors, instructions } = truth;
  const area = size * size;
  const columns: readonly (readonly [string, Float32Array])[] = [['prior', priors], ...rows.map((row) => [row.name, row.results] as const)];
  const shown = Array.from({ length: Math.min(count, SHOWN) }, (_, i) => i);
  const cells = shown.flatMap((i) =>
    columns.map(([label, pixels], column) => ({
      label,
      caption: column === 0 ? instructions[i]! : '',
      picture: { pixels: pixels.subarray(i * area, (i + 1) * area), width: size, height: size, channels: 1 as const },
    })),
  );
  await imageGrid(
    cells.map(({ picture }) => picture),
    cells.map(({ caption }) => caption),
    { labels: cells.map(({ label }) => label), columns: columns.length, scale: Math.max(1, Math.round(128 / size)), synthetic: true },
  ).save(file);
}

/** Writes `result.json` with what the result depends on, and prints tables and findings. */
export async function showResult(
  out: string,
  result: JourneyResult,
  facts: Readonly<Record<string, unknown>>,
  { started, json, context }: { readonly started: number; readonly json?: boolean; readonly context: Context },
): Promise<void> {
  const { tables, findings = [], definitions, notes = [] } = result;
  const seconds = Math.round((performance.now() - started) / 1000);
  const whole = { ...facts, seconds, tables, findings, definitions, notes };
  await mkdir(out, { recursive: true });
  await writeJson(join(out, 'result.json'), whole);
  if (json) {
    context.print(JSON.stringify(whole, null, 2));
    return;
  }
  for (const line of [...tables.flatMap(tableLines), ...findings.map(findingLine)]) context.print(line);
  for (const note of notes) context.say(note);
  context.print(`${duration(seconds)}; ${join(out, 'result.json')}; synthetic, not for diagnosis`);
}
