// Where figures are kept as last measured, and bench/results.json: those of one machine.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { thisMachine } from '#cli/bench/machine';
import { rows } from './rows.mjs';

export const resultsFile = fileURLToPath(new URL('../results.json', import.meta.url));
export const growthFile = fileURLToPath(new URL('../growth.json', import.meta.url));

/** What is there; undefined where nothing was measured. */
export function readResults() {
  try {
    return JSON.parse(readFileSync(resultsFile, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const same = (a, b) => a.work === b.work && a.precision === b.precision;

/** Puts the rows of a piece of work in place of those that are there; rows of another machine are dropped. */
export function keepRows(made) {
  const machine = thisMachine();
  const before = readResults();
  const kept = before && isDeepStrictEqual(before.machine, machine) ? before.rows.filter((row) => !made.some((one) => same(one, row))) : [];
  const place = ({ work, precision }) => rows.findIndex((row) => same(row, { work, precision })) >>> 0; // the quickstart, which is none of them, comes last
  const all = [...kept, ...made].sort((a, b) => place(a) - place(b));
  const results = { machine, date: new Date().toISOString().slice(0, 10), rows: all };
  writeFileSync(`${resultsFile}.part`, `${JSON.stringify(results, null, 2)}\n`);
  renameSync(`${resultsFile}.part`, resultsFile);
}
