/** Checks BERT, RoBERTa, XLM-RoBERTa and T5's encoder: every layer's states, the pooler, gradients. */

import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import { type BertConfig, type BertParams, bert, type T5Config, type T5Params, type TextEncoderModel, t5 } from '../encoders';
import { bertHiddenStates, loadTextEncoderModel, t5HiddenStates, textEncoderShapes } from '../encoders/internal';
import { dispose, scope } from '../engine';
import { readSafetensors } from '../files';
import { readJson } from '../files/internal';
import { type Checker, Unsupported } from './checker';
import { expectSupported } from './fixture';
import { casesOfClass, checkGradients, compareRun, numberedStates, type TextCase, type TextInputs, textInputs } from './text-run';

/** How a kind of encoder is run, with weights that may be replaced. */
interface Kind {
  outputs(model: TextEncoderModel, inputs: TextInputs): Record<string, tf.Tensor | undefined>;
  lastHiddenState(model: TextEncoderModel, inputs: TextInputs): tf.Tensor;
}

const bertKind: Kind = {
  outputs({ config, params }, { ids, options }) {
    const [c, p] = [config as BertConfig, params as BertParams];
    const { lastHiddenState, poolerOutput } = bert(c, p, ids, options);
    const states = numberedStates(bertHiddenStates(c, p, ids, options));
    return { ...states, last_hidden_state: lastHiddenState, pooler_output: poolerOutput };
  },
  lastHiddenState: ({ config, params }, { ids, options }) => bert(config as BertConfig, params as BertParams, ids, options).lastHiddenState,
};

const t5Kind: Kind = {
  outputs({ config, params }, { ids, options }) {
    const [c, p] = [config as T5Config, params as T5Params];
    return { ...numberedStates(t5HiddenStates(c, p, ids, options)), last_hidden_state: t5(c, p, ids, options) };
  },
  lastHiddenState: ({ config, params }, { ids, options }) => t5(config as T5Config, params as T5Params, ids, options),
};

/** By the reference's class. */
const kinds: Readonly<Record<string, Kind>> = {
  BertModel: bertKind,
  RobertaModel: bertKind,
  XLMRobertaModel: bertKind,
  T5EncoderModel: t5Kind,
  MT5EncoderModel: t5Kind,
};

export const textOthersChecker: Checker = {
  component: 'text',

  cases: (folder) => casesOfClass(folder, (name) => name in kinds),

  async *check(folder, name) {
    const caseFolder = join(folder, name);
    const spec = await readJson<TextCase>(join(caseFolder, 'case.json'));
    const kind = kinds[spec.class];
    if (!kind) throw new Unsupported(`class ${spec.class}`);
    const config = await readJson<BertConfig | T5Config>(join(caseFolder, 'config.json'));
    expectSupported(() => textEncoderShapes(config));
    const model = await loadTextEncoderModel(caseFolder);
    try {
      const fixture = await readSafetensors(join(caseFolder, 'fixture.safetensors'));
      for (const [run, inputs] of Object.entries(spec.runs))
        yield* scope(() => compareRun(fixture, run, kind.outputs(model, textInputs(inputs))));
      if (!spec.gradient) return;
      const { pooler: _, ...params } = model.params as BertParams; // the loss does not depend on it
      yield* checkGradients(caseFolder, spec, params as TextEncoderModel['params'], (p, inputs) =>
        kind.lastHiddenState({ config, params: p }, inputs),
      );
    } finally {
      dispose(model.params);
    }
  },
};
