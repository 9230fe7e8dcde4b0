/** The strength of adapters as PEFT's LoraConfig states it, in a file's header (diffusers) or in `adapter_config.json` beside it. */

import { FileError } from '../../files';

/** A LoraConfig as JSON; absent keys have PEFT's defaults. */
export type LoraConfig = Readonly<Record<string, unknown>>;

/** Keys that say how adapters were trained or where they came from; they change nothing once the tensors are there. */
const withoutEffect = new Set([
  'auto_mapping',
  'base_model_name_or_path',
  'ensure_weight_tying',
  'exclude_modules',
  'inference_mode',
  'layers_pattern',
  'layers_to_transform',
  'lora_dropout',
  'megatron_core',
  'peft_version',
  'qalora_group_size',
  'revision',
  'runtime_config',
  'target_modules',
  'task_type',
]);

const read = new Set(['r', 'lora_alpha', 'rank_pattern', 'alpha_pattern', 'use_rslora', 'init_lora_weights', 'peft_type', 'bias']);

/** Ways to begin that leave the model's own weights alone; others (PiSSA, OLoRA, CorDA, LoftQ) change them, and the file does not say to what. */
const beginnings: readonly unknown[] = [undefined, null, true, false, 'gaussian', 'orthogonal', 'eva'];

const isNeutral = (value: unknown): boolean =>
  value === null || value === undefined || value === false || (typeof value === 'object' && Object.keys(value).length === 0);

/**
 * Checks that a config asks for nothing but what is computed here.
 *
 * @param file names the source in errors
 * @throws FileError naming the key that asks for more, or whose value is none
 */
export function checkLoraConfig(file: string, config: LoraConfig): void {
  const refuse = (key: string, why: string): FileError =>
    new FileError(file, `${key} is ${JSON.stringify(config[key])}: ${why}; fuse the adapters into the model where they were trained`);
  for (const [key, value] of Object.entries(config))
    if (!withoutEffect.has(key) && !read.has(key) && !isNeutral(value)) throw refuse(key, 'such adapters are not supported');
  if (!isNeutral(config.peft_type) && config.peft_type !== 'LORA') throw refuse('peft_type', 'only LORA is supported');
  if (!isNeutral(config.bias) && config.bias !== 'none') throw refuse('bias', 'adapters that change biases are not supported');
  if (!beginnings.includes(config.init_lora_weights)) throw refuse('init_lora_weights', "it changed the model's own weights too");
  const wrong = (key: string, expected: string): FileError =>
    new FileError(file, `${key}: expected ${expected}, got ${JSON.stringify(config[key])}`);
  if (!isNeutral(config.use_rslora) && config.use_rslora !== true) throw wrong('use_rslora', 'true or false');
  if (!isNeutral(config.lora_alpha) && !isNumber(config.lora_alpha)) throw wrong('lora_alpha', 'a number');
  for (const key of ['rank_pattern', 'alpha_pattern']) {
    if (isNeutral(config[key])) continue;
    const pattern = config[key];
    if (typeof pattern !== 'object' || Object.values(pattern as object).some((value) => !isNumber(value)))
      throw wrong(key, 'numbers by layer');
    for (const layer of Object.keys(pattern as object)) matcher(file, key, layer);
  }
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** PEFT takes a pattern for a regular expression that the end of a layer's path must match after a dot. */
function matcher(file: string, key: string, pattern: string): RegExp {
  try {
    return new RegExp(`^(.*\\.)?(${pattern})$`);
  } catch (error) {
    throw new FileError(file, `${key}: ${JSON.stringify(pattern)} is not a regular expression`, error);
  }
}

/**
 * What a layer's adapter is multiplied by: alpha / r, or with rank stabilisation alpha / √r (Kalajdzievski 2023, arXiv:2312.03732). Without an alpha
 * it is 1, as in diffusers.
 *
 * @param layer its path as in the file, without the network's name
 * @param rank  of its tensors
 */
export function loraScale(file: string, config: LoraConfig, layer: string, rank: number): number {
  const patterns = (config.alpha_pattern ?? {}) as Readonly<Record<string, number>>;
  const pattern = Object.keys(patterns).find((key) => matcher(file, 'alpha_pattern', key).test(layer));
  const alpha = pattern === undefined ? config.lora_alpha : patterns[pattern];
  if (!isNumber(alpha)) return 1;
  return alpha / (config.use_rslora === true ? Math.sqrt(rank) : rank);
}
