/** What `generate` puts on a model: adapters and new words from files. */

import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { hashFile } from '../files/internal';
import { loadLearnedEmbeds, loadLora, type Model } from '../pipelines';
import { mergeLora } from '../pipelines/internal';
import { UsageError } from './context';

/** A file, and what stands behind its last colon. */
export interface AddOn {
  readonly file: string;
  readonly value: string | undefined;
}

/** `FILE` or `FILE:value`; a file that is there is taken whole, whatever colons its name has. */
export function parseAddOn(text: string): AddOn {
  const colon = text.lastIndexOf(':');
  return existsSync(text) || colon <= 0 ? { file: text, value: undefined } : { file: text.slice(0, colon), value: text.slice(colon + 1) };
}

/** What a manifest says of one. */
export interface AppliedAddOn {
  readonly file: string;
  readonly sha256: string;
  readonly strength?: number;
  readonly words?: readonly string[];
}

/**
 * Adds adapters, all of which add up, and words.
 *
 * @throws UsageError for a strength that is no number or a word that is none; FileError where a file does not fit the model
 */
export async function addOn(model: Model, loras: readonly string[], embeddings: readonly string[]): Promise<AppliedAddOn[]> {
  const applied: AppliedAddOn[] = [];
  for (const { file, value } of loras.map(parseAddOn)) {
    const strength = value === undefined ? 1 : Number(value);
    if (value?.trim() === '' || !Number.isFinite(strength))
      throw new UsageError(`generate: --lora ${file}: strength: expected a number such as 0.8, got ${JSON.stringify(value)}`);
    await loadLora(model, file, { strength });
    mergeLora(model);
    applied.push({ file: basename(file), sha256: await hashFile(file), strength });
  }
  for (const { file, value } of embeddings.map(parseAddOn)) {
    if (value !== undefined && !/^\S+$/.test(value))
      throw new UsageError(`generate: --embedding ${file}: expected a word without spaces behind the colon, got ${JSON.stringify(value)}`);
    const words = await loadLearnedEmbeds(model, file, { word: value });
    applied.push({ file: basename(file), sha256: await hashFile(file), words: Object.keys(words) });
  }
  return applied;
}
