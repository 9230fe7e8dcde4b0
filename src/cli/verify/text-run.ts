/** What the checkers of text encoders share: the form of their cases, and the comparison of a run. */

import * as tf from '@tensorflow/tfjs-core';
import type { Measure } from './checker';
import { type Fixture, fixtureTensor, fromRows, type NoiseLevels } from './fixture';
import { rel, unsupported } from './measure';

const OUTPUT = 5e-5;

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
      ...(attention_mask ? { mask: fromRows(attention_mask, 'float32') } : {}),
      ...(token_type_ids ? { tokenTypes: fromRows(token_type_ids, 'int32') } : {}),
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

/** The loss whose gradient the fixtures hold. */
export function meanSquare(states: tf.Tensor): tf.Scalar {
  return tf.tidy(() => tf.mean(tf.square(states)));
}
