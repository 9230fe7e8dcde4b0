/** How the systems' evaluations run: progress, an interrupt that can be gone on from, `result.json`, tables and findings on the terminal. */

import { join } from 'node:path';
import { duration } from '../display/internal';
import { precision } from '../engine/internal';
import type { Finding, ResultTable } from '../evaluation';
import { writeJson } from '../files';
import { asUsage, type Context, Interrupted } from './context';
import { type OneBar, oneBar } from './one-bar';
import { findingLine, tableLines } from './result-tables';

interface Evaluated {
  readonly tables: readonly ResultTable[];
  readonly findings: readonly Finding[];
  readonly notes?: readonly string[];
}

export interface EvaluationToRun<R extends Evaluated> {
  /** The command, for errors. */
  readonly command: string;
  /** Where networks are kept and `result.json` goes. */
  readonly out: string;
  /** What the result depends on: it stands beside it in the file. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Print the result as JSON. */
  readonly json?: boolean;
  readonly evaluate: (onProgress: OneBar['show']) => Promise<R>;
}

/** @throws Interrupted where it was stopped: the same command goes on */
export async function runEvaluation<R extends Evaluated>(
  { command, out, facts, json, evaluate }: EvaluationToRun<R>,
  context: Context,
): Promise<void> {
  const bars = oneBar();
  const started = performance.now();
  try {
    const result = await asUsage(command, () => evaluate(bars.show));
    bars.end();
    const seconds = (performance.now() - started) / 1000;
    await writeJson(join(out, 'result.json'), { ...result, ...facts, precision: precision(), seconds });
    if (json) {
      context.print(JSON.stringify(result, null, 2));
      return;
    }
    for (const line of [...result.tables.flatMap(tableLines), ...result.findings.map(findingLine)]) context.print(line);
    for (const note of result.notes ?? []) context.say(note);
    context.print(`${duration(seconds)}; ${join(out, 'result.json')}; not for diagnosis.`);
  } catch (error) {
    if (context.signal.aborted) throw new Interrupted(`${command}: interrupted; the same command goes on`);
    throw error;
  } finally {
    bars.end();
  }
}
