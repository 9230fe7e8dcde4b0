/** What one way of adapting a model says of itself (RoentGen, arXiv:2211.12737, section 4); the loop, options and checkpoints are the same for all. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadTextEncoder } from '../../encoders';
import { dispose, type Key, type Tree } from '../../engine';
import type { Rows } from '../../files';
import { findModelFolder } from '../../files/internal';
import { type Model, type SwapOptions, swapTextEncoder } from '../../pipelines';
import type { Consolidation, LeafValues } from '../leaf-values';
import type { DiffusionParams } from '../losses/diffusion-loss';

/** What `diffusion.strategy` of a recipe holds: a name, and settings of that strategy where they are not its defaults. */
export type StrategySettings = { readonly name: string } & Settings;

/** Settings by their recipe keys. */
export type Settings = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Images with texts, as a training sees them. */
export interface TrainingSet {
  /** Grey images, 0 to 1. */
  readonly pixels: Rows;
  readonly texts: readonly string[];
  /** Of a model that edits: the image that each of these came from. */
  readonly originals?: Rows;
  /**
   * Where images of a prior class, or of an old domain, follow the others: the first one's number, the weight of their loss, and their share of each batch,
   * by default one half.
   */
  readonly prior?: { readonly from: number; readonly weight: number; readonly share?: number };
  /** What weights pay for being moved. */
  readonly consolidation?: Consolidation;
  /** The whole model's weights as they were: of the images behind `prior.from` the target is what they predict. */
  readonly teacher?: LeafValues;
}

/** What a strategy may use to prepare. */
export interface Preparation {
  /** Changed in place: parts made anew, tokens added. The same model and key give the same result. */
  readonly model: Model;
  /** The texts have gone through `prompt`. */
  readonly data: TrainingSet;
  /** Pixels a side. */
  readonly size: number;
  readonly key: Key;
  /** How images are made for it. */
  readonly sampling: { readonly steps: number; readonly guidance: number; readonly rescale?: number };
  readonly signal?: AbortSignal;
  /** Called where it takes long, as for images that are made first. */
  readonly onProgress?: (done: number, total: number, what: string) => void;
}

/** What a strategy puts beside a prepared model's parameters. */
export interface Extension {
  /** Whether any of it changes the text encoder, which then can't be run once for all steps. */
  readonly textEncoder: boolean;
  /** Leaves that are put beside the model's and train, such as adapters or new tokens' embeddings; the caller disposes them. */
  add(model: DiffusionParams, key: Key): Tree;
  /** The networks' parameters with what was added, in the compiled step and for the finished model: pure. */
  apply(model: DiffusionParams, added: Tree): DiffusionParams;
}

/** One way of adapting a model, with its settings. */
export interface Strategy {
  readonly name: string;
  readonly what: string;
  /** Whether a leaf of `{ unet, textEncoder, … }` trains; the others stay bit for bit. */
  trains(path: string): boolean;
  /** A text as this model is trained on it and asked with it; as it is where left out. */
  prompt?(text: string): string;
  /** Before training: changes the model and says on what it trains; on the data as they are where left out. */
  prepare?(preparation: Preparation): TrainingSet | Promise<TrainingSet>;
  /** What trains beside the model's own leaves. */
  extend?(model: Model): Extension;
  /** Writes what was learnt as files of its own into the model's folder, and leaves the model as one that `saveModel` writes. */
  save?(model: Model, folder: string): Promise<void>;
}

/** A strategy as it is listed. */
export interface StrategyDefinition {
  /** As recipes name it. */
  readonly name: string;
  /** One sentence for lists and reports. */
  readonly what: string;
  /** All settings, with their defaults. */
  readonly settings: Settings;
  create(settings: Settings): Omit<Strategy, 'name' | 'what'>;
}

/** A definition whose settings are typed. */
export function defineStrategy<S extends Settings>(
  definition: Omit<StrategyDefinition, 'settings' | 'create'> & {
    readonly settings: S;
    create(settings: S): Omit<Strategy, 'name' | 'what'>;
  },
): StrategyDefinition {
  return definition as unknown as StrategyDefinition;
}

/** @throws RangeError naming the strategy where an old domain's share of batches or the weight of its loss is out of range */
export function checkShare(strategy: string, share: number, weight: number): void {
  if (!(share > 0 && share < 1)) throw new RangeError(`strategy ${strategy}: share: expected a number between 0 and 1, got ${share}`);
  if (!(weight >= 0)) throw new RangeError(`strategy ${strategy}: weight: expected a number from 0, got ${weight}`);
}

/** A template with `{token}` and `{text}` filled in. */
export function fillTemplate(template: string, token: string, text: string): string {
  return template.replaceAll('{token}', token).replaceAll('{text}', text).trim();
}

/** Whether a path is of the U-Net. */
export const ofUNet = (path: string): boolean => path.startsWith('unet.');

/** The folder of a recipe's `encoder` (`findModelFolder`); undefined where it is not there. */
export function encoderFolder(encoder: string): string | undefined {
  const folder = encoder === '' ? undefined : findModelFolder(encoder);
  return folder !== undefined && existsSync(join(folder, 'config.json')) ? folder : undefined;
}

/**
 * Puts an encoder of a folder into the model, in place. The encoder of a recipe that was trained before is named by its run's folder.
 *
 * @param encoder   folder or name (`findModelFolder`) of one with config.json and tokenizer, as `roentgen models get` and `roentgen mlm` leave them
 * @param maxLength tokens a text; 0 for as many as the model's own encoder reads
 * @throws RangeError where no folder is named or it is not there
 */
export async function swapEncoder(
  { model, data, key }: Preparation,
  strategy: string,
  encoder: string,
  maxLength: number,
  how: Pick<SwapOptions, 'projection' | 'unet'>,
): Promise<TrainingSet> {
  const folder = encoderFolder(encoder);
  if (folder === undefined)
    throw new RangeError(
      `strategy ${strategy}: encoder: expected the folder of a text encoder, got ${JSON.stringify(encoder)}; get one with "roentgen models get minilm", or train one with "roentgen mlm"`,
    );
  const loaded = await loadTextEncoder(folder, { maxLength: maxLength || (model.tokenizer?.maxLength ?? 77) });
  try {
    const { model: swapped } = swapTextEncoder(model, loaded, { ...how, key });
    dispose(model.unet.params, model.vae.params, model.textEncoder.params as Tree, model.textProjection?.params);
    delete model.textProjection;
    Object.assign(model, swapped);
    return data;
  } finally {
    loaded.dispose();
  }
}
