/** The activations of feed-forward layers by the names that published configs have for them. */

import * as tf from '@tensorflow/tfjs-core';
import { gelu, geluTanh, quickGelu, silu } from '../engine/internal';

export type ActivationName = 'gelu' | 'gelu_new' | 'gelu_pytorch_tanh' | 'quick_gelu' | 'relu' | 'silu' | 'swish';

type Activation = <T extends tf.Tensor>(x: T) => T;

/** `gelu` is the exact one, `gelu_new` and `gelu_pytorch_tanh` the form with tanh. Results are the caller's. */
export const activations: Readonly<Record<ActivationName, Activation>> = {
  gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  quick_gelu: quickGelu,
  relu: (x) => tf.relu(x),
  silu,
  swish: silu,
};

export const activationNames: readonly string[] = Object.keys(activations);
