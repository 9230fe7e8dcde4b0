/** What the checkers of text encoders share: the form of their cases, the comparison of a run and of its gradient. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, type Tree, valueAndGrad } from '../engine';
import { readJson } from '../files/internal';
import type { Measure } from './checker';
import { compareGradients, type Fixture, fixtureTensor, fromRows, has, type NoiseLevels } from './fixture';
import { listCases } from './list';
import { rel, relative, unsupported } from './measure';

const OUTPUT = 5e-5;
const GRADIENT = 1e-4;
const LOSS = 1e-5;

type Rows = readonly (readonly number[])[];

/** The inputs of a run. */
export interface TextRun {
  readonly input_ids: Rows;
  readonly attention_mask?: Rows;
  readonly token_type_ids?: Rows;
}

/** `case.json`. */
export interface TextCase {
  readonly class: string;
  readonly runs: Readonly<Record<string, TextRun>>;
  readonly gradient?: { readonly run: string; readonly value: number; readonly noise_level?: NoiseLevels };
}

/** A run's inputs as tensors. */
export interface TextInputs {
  readonly ids: tf.Tensor2D;
  readonly options: { readonly mask?: tf.Tensor2D; readonly tokenTypes?: tf.Tensor2D };
}

/** The caller disposes the tensors. */
export function textInputs({ input_ids, attention_mask, token_type_ids }: TextRun): TextInputs {
  return {
    ids: fromRows(input_ids, 'int32'),
    options: {
      mask: attention_mask ? fromRows(attention_mask, 'float32') : undefined,
      tokenTypes: token_type_ids ? fromRows(token_type_ids, 'int32') : undefined,
    },
  };
}

/** The names of what a fixture holds of a run, without the run's prefix and the inputs. */
export function wantedOf(fixture: Fixture, prefix: string, inputs: readonly string[] = []): string[] {
  return Object.keys(fixture).flatMap((key) => (key.startsWith(prefix) && !inputs.includes(key) ? [key.slice(prefix.length)] : []));
}

/** One quantity with the fixture's. */
export function compareWith(fixture: Fixture, key: string, got: tf.Tensor | undefined): Measure {
  return got ? rel(key, got, fixtureTensor(fixture, key), OUTPUT) : unsupported(key);
}

/** Every quantity of a run that the fixture holds; in a memory scope. */
export function compareRun(fixture: Fixture, name: string, got: Readonly<Record<string, tf.Tensor | undefined>>): Measure[] {
  return wantedOf(fixture, `${name}.`).map((key) => compareWith(fixture, `${name}.${key}`, got[key]));
}

/** `hidden_states.0`, `hidden_states.1` … */
export function numberedStates(states: readonly tf.Tensor[]): Record<string, tf.Tensor> {
  return Object.fromEntries(states.map((state, i) => [`hidden_states.${i}`, state]));
}

/** The folders whose case is of a class that `isOurs`. */
export async function casesOfClass(folder: string, isOurs: (name: string) => boolean): Promise<string[]> {
  const names: string[] = [];
  for (const name of await listCases(folder)) {
    if (!has(join(folder, name), 'case.json')) continue;
    const { class: kind } = await readJson<{ class?: unknown }>(join(folder, name, 'case.json'));
    if (isOurs(String(kind))) names.push(name);
  }
  return names;
}

/**
 * The loss of which the fixtures hold the gradient, the mean square of the last hidden state, and that gradient.
 *
 * @param rename  from the fixture's key to ours
 */
export async function* checkGradients<P extends Tree>(
  folder: string,
  given: TextCase,
  params: P,
  lastHiddenState: (params: P, inputs: TextInputs) => tf.Tensor,
  rename?: (key: string) => string,
): AsyncGenerator<Measure> {
  const { run, value, noise_level } = given.gradient!;
  const inputs = textInputs(given.runs[run]!);
  const result = valueAndGrad((p: P): tf.Scalar => tf.mean(tf.square(lastHiddenState(p, inputs))))(params);
  try {
    yield relative(`${run} loss`, result.value, [value], LOSS);
    yield await compareGradients(folder, result.grads, {}, noise_level ?? {}, GRADIENT, rename);
  } finally {
    dispose(result.value, result.grads, inputs.ids, { ...inputs.options });
  }
}
