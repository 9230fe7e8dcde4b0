/** Components whose cases are single JSON files: `text.json` is the case `text`. */

import { join } from 'node:path';
import { readJson } from '../files/internal';
import type { Checker, Measure } from './checker';
import { has } from './fixture';

/** A checker of some of a component's files, each with its own function. */
export function fileChecker(
  component: string,
  checks: Readonly<Record<string, (spec: never, folder: string) => Iterable<Measure> | AsyncIterable<Measure>>>,
): Checker {
  return {
    component,
    cases: async (folder) => Object.keys(checks).filter((name) => has(folder, `${name}.json`)),
    async *check(folder, name) {
      yield* checks[name]!((await readJson(join(folder, `${name}.json`))) as never, folder);
    },
  };
}
