/** Walks a fixtures folder: every case of every component gives at least one row, whatever happens in it. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../engine';
import { type Checker, type CheckOptions, type Row, Unsupported } from './checker';
import { listComponents } from './list';
import { unsupported } from './measure';
import { checkers as known } from './registry';

export interface VerifyOptions extends CheckOptions {
  /** Only cases whose `component/case` begins with one of these; all where empty. */
  readonly only: readonly string[];
  /** Told about what is no row: tensors left behind by a case. */
  readonly warn: (message: string) => void;
  /** Those of the registry unless a test brings its own. */
  readonly checkers?: readonly Checker[];
}

/** One case to check and who does it; without a checker it is not supported. */
export interface Planned {
  readonly component: string;
  readonly case: string;
  readonly checker?: Checker;
}

/** The cases of a fixtures folder in the order of the table. */
export async function planVerification(root: string, options: Pick<VerifyOptions, 'only' | 'checkers'>): Promise<Planned[]> {
  const planned: Planned[] = [];
  for (const [component, found] of await listComponents(root)) {
    const owners = new Map<string, Checker | undefined>();
    for (const checker of (options.checkers ?? known).filter((c) => c.component === component)) {
      const names = await checker.cases(join(root, component)).catch((error: unknown) => [brokenIndex(error)]);
      for (const name of names) if (!owners.has(name)) owners.set(name, checker);
    }
    for (const name of found) if (!owners.has(name)) owners.set(name, undefined);
    for (const [name, checker] of owners) planned.push({ component, case: name, ...(checker ? { checker } : {}) });
  }
  return planned.filter((p) => options.only.length === 0 || options.only.some((prefix) => `${p.component}/${p.case}`.startsWith(prefix)));
}

/** A checker that cannot even list its cases still has to show up, as a case that fails when it is run. */
function brokenIndex(error: unknown): string {
  return `(cases unreadable: ${messageOf(error)})`;
}

/** Checks the planned cases one after another. Stops early, without an error, when the signal is raised. */
export async function* verify(root: string, planned: readonly Planned[], options: VerifyOptions): AsyncGenerator<Row> {
  if (planned.some((p) => p.checker)) await startEngine();
  for (const plan of planned) {
    if (options.signal.aborted) return;
    const before = tf.memory().numTensors;
    yield* rowsOf(root, plan, options);
    const leaked = plan.checker ? tf.memory().numTensors - before : 0;
    if (leaked > 0) options.warn(`${plan.component}/${plan.case}: ${leaked} tensors left behind`);
  }
}

async function* rowsOf(root: string, plan: Planned, options: VerifyOptions): AsyncGenerator<Row> {
  const names = { component: plan.component, case: plan.case };
  if (!plan.checker) {
    yield { ...names, ...unsupported('all') };
    return;
  }
  try {
    for await (const measure of plan.checker.check(join(root, plan.component), plan.case, options)) {
      yield { ...names, ...measure };
      if (options.signal.aborted) return;
    }
  } catch (error) {
    const message = messageOf(error);
    if (error instanceof Unsupported) yield { ...names, ...unsupported('all', `not yet supported: ${message}`) };
    else yield { ...names, quantity: `all: ${message}`, error: null, tolerance: null, pass: false };
    if (process.env.ROENTGEN_DEBUG && error instanceof Error && !(error instanceof Unsupported)) options.warn(error.stack ?? message);
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}
