/** Low-rank adapters: their place in a model, and their files. */

export { type LoadLoraOptions, loadLora } from './load';
export { checkLora, hasLora, initLora, type LoraOptions, type LoraPart, mergeLora, removeLora, withLora, withoutLora } from './lora';
export { saveLora } from './save';
