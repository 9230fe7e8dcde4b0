/** All strategies, by the name that recipes give; a new one is a file and a line here. */

import { completeSettings, is, optional } from '../../files/internal';
import { type Model, type ModelCard, saveModel } from '../../pipelines';
import { distillation } from './distillation';
import { dreambooth } from './dreambooth';
import { encoderSwap } from './encoder-swap';
import { ewc } from './ewc';
import { joint } from './joint';
import { lora } from './lora';
import { randomUNet } from './random-unet';
import { replay } from './replay';
import type { Settings, Strategy, StrategyDefinition, StrategySettings } from './strategy';
import { textualInversion } from './textual-inversion';
import { textualProjection } from './textual-projection';
import { unetOnly } from './unet-only';

export type { Extension, Preparation, Settings, Strategy, StrategyDefinition, StrategySettings, TrainingSet } from './strategy';
export { encoderFolder } from './strategy';

/** Every strategy with its settings and their defaults. */
export const strategies: readonly StrategyDefinition[] = [
  joint,
  unetOnly,
  randomUNet,
  encoderSwap,
  textualInversion,
  textualProjection,
  dreambooth,
  lora,
  replay,
  ewc,
  distillation,
];

/**
 * The strategy of a recipe, by default joint.
 *
 * @throws RangeError where there is none of that name, listing those there are; where a setting is unknown, of another type than its default, or out of range
 */
export function strategyOf({ name, ...settings }: StrategySettings = { name: 'joint' }): Strategy {
  const definition = strategies.find((strategy) => strategy.name === name);
  if (!definition)
    throw new RangeError(`strategy: name: expected one of ${strategies.map((s) => s.name).join(', ')}, got ${JSON.stringify(name)}`);
  const shape = Object.fromEntries(
    Object.entries(definition.settings).map(([key, standard]) => [key, optional(is.like(standard), standard)]),
  );
  return { name, what: definition.what, ...definition.create(completeSettings<Settings>(`strategy ${name}`, settings, shape)) };
}

/**
 * Writes an adapted model's folder with what its strategy keeps beside it: `learned_embeds.safetensors`, or `pytorch_lora_weights.safetensors`, whose
 * adapters are merged into the model then.
 *
 * @param card as for `saveModel`
 * @throws FileError where a file cannot be written
 */
export async function saveAdapted(model: Model, strategy: Strategy, folder: string, card: ModelCard = {}): Promise<void> {
  await strategy.save?.(model, folder);
  await saveModel(model, folder, card);
}
