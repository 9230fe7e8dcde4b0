/** Walks a fixtures folder: every case of every component gives at least one row, whatever happens in it. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../engine';
import { type Checker, type CheckOptions, type Row, Unsupported } from './checker';
import { listCases, listComponents } from './list';
import { failed, unsupported } from './measure';
import { checkers as known } from './registry';

export interface VerifyOptions extends CheckOptions {
  /** Only cases whose `component/case` begins with one of these; all where empty. */
  readonly only: readonly string[];
  /** Told about what is no row: tensors left behind by a case. */
  readonly warn: (message: string) => void;
  /** Those of the registry unless a test brings its own. */
  readonly checkers?: readonly Checker[];
}

/** One case to check. */
export interface Planned {
  readonly component: string;
  readonly case: string;
  /** Who checks it; nobody where it is not supported. */
  readonly checker?: Checker;
  /** Why the component's cases can't be told, in place of a case. */
  readonly broken?: string;
}

/** The cases of a fixtures folder in the order of the table. */
export async function planVerification(root: string, options: Pick<VerifyOptions, 'only' | 'checkers'>): Promise<Planned[]> {
  const planned: Planned[] = [];
  for (const component of await listComponents(root)) planned.push(...(await planComponent(root, component, options.checkers ?? known)));
  return planned.filter((p) => options.only.length === 0 || options.only.some((prefix) => `${p.component}/${p.case}`.startsWith(prefix)));
}

async function planComponent(root: string, component: string, checkers: readonly Checker[]): Promise<Planned[]> {
  const folder = join(root, component);
  const owners = new Map<string, Checker | undefined>();
  const problems = new Set<string>();
  const namesOr = (names: Promise<readonly string[]>): Promise<readonly string[]> =>
    names.catch((error: unknown) => {
      problems.add(messageOf(error));
      return [];
    });
  const caseNames = await namesOr(listCases(folder));
  for (const checker of checkers.filter((c) => c.component === component))
    for (const name of await namesOr(checker.cases(folder))) if (!owners.has(name)) owners.set(name, checker);
  for (const name of caseNames) if (!owners.has(name)) owners.set(name, undefined);
  return [
    ...[...problems].map((broken) => ({ component, case: '(list of cases)', broken })),
    ...[...owners].map(([name, checker]) => ({ component, case: name, checker })),
  ];
}

/** Checks the planned cases one after another. Stops early, without an error, when the signal is raised. */
export async function* verify(root: string, planned: readonly Planned[], options: VerifyOptions): AsyncGenerator<Row> {
  if (planned.some((p) => p.checker)) await startEngine();
  for (const plan of planned) {
    if (options.signal.aborted) return;
    // Without a checker no engine need run.
    const tensors = (): number => (plan.checker ? tf.memory().numTensors : 0);
    const before = tensors();
    yield* rowsOf(root, plan, options);
    const leaked = tensors() - before;
    if (leaked > 0) options.warn(`${plan.component}/${plan.case}: ${leaked} tensors left behind`);
  }
}

async function* rowsOf(root: string, plan: Planned, options: VerifyOptions): AsyncGenerator<Row> {
  const names = { component: plan.component, case: plan.case };
  if (plan.broken !== undefined) {
    yield { ...names, ...failed('all', plan.broken) };
    return;
  }
  if (!plan.checker) {
    yield { ...names, ...unsupported('all') };
    return;
  }
  let rows = 0;
  try {
    for await (const measure of plan.checker.check(join(root, plan.component), plan.case, options)) {
      rows++;
      yield { ...names, ...measure };
      if (options.signal.aborted) return;
    }
    if (rows === 0) yield { ...names, ...failed('all', 'nothing in the case was measured') };
  } catch (error) {
    const message = messageOf(error);
    if (error instanceof Unsupported) yield { ...names, ...unsupported('all', `not yet supported: ${message}`) };
    else yield { ...names, ...failed('all', message) };
    if (process.env.ROENTGEN_DEBUG && error instanceof Error && !(error instanceof Unsupported)) options.warn(error.stack ?? message);
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}
