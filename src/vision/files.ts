/** Folders of image encoders: `config.json`, and `model.safetensors` with the key names of published files. */

import { join } from 'node:path';
import { readObject } from '../files';
import { loadParameters } from '../files/internal';
import { type DenseNetConfig, type DenseNetParams, densenetShapes } from './densenet';
import { type EfficientNetLiteParams, efficientNetLiteShapes } from './efficientnet-lite';
import { type InceptionParams, inceptionShapes } from './inception';
import { type ResNetConfig, type ResNetParams, resnetShapes } from './resnet';
import { type SiglipVisionConfig, type SiglipVisionParams, siglipVisionShapes } from './siglip';
import { type VitConfig, type VitParams, vitShapes } from './vit';

/** A network of a folder. */
export interface VisionModel<C, P> {
  readonly config: C;
  /** The caller disposes it. */
  readonly params: P;
}

/** Counters of batches, which nothing reads. */
const isCounter = (key: string): boolean => key.endsWith('.num_batches_tracked');

/** torchvision's first files of DenseNet write `denselayer1.norm.1.weight` for `denselayer1.norm1.weight`. */
function densenetKey(key: string): string | undefined {
  return isCounter(key) ? undefined : key.replace(/(\.denselayer\d+\.(?:norm|conv))\.([12]\.)/, '$1$2');
}

/**
 * Reads a folder of a DenseNet with torchvision's key names.
 *
 * @throws FileError where the config asks for another network than is computed here, or tensors are missing, unexpected or wrongly shaped
 */
export async function loadDenseNet(folder: string): Promise<VisionModel<DenseNetConfig, DenseNetParams>> {
  const config = await readObject<DenseNetConfig>(join(folder, 'config.json'), densenetShapes);
  const options = { file: 'model', expected: densenetShapes(config), rename: densenetKey };
  return { config, params: await loadParameters<DenseNetParams>(folder, options) };
}

/** Reads a folder of a ResNet with torchvision's key names; throws as `loadDenseNet`. */
export async function loadResNet(folder: string): Promise<VisionModel<ResNetConfig, ResNetParams>> {
  const config = await readObject<ResNetConfig>(join(folder, 'config.json'), resnetShapes);
  const rename = (key: string): string | undefined => (isCounter(key) ? undefined : key);
  return { config, params: await loadParameters<ResNetParams>(folder, { file: 'model', expected: resnetShapes(config), rename }) };
}

/** Without the prefix and the heads of models for classes or masked patches; undefined for what is not read. */
function vitKey(key: string): string | undefined {
  return /^(classifier|decoder)\.|mask_token$/.test(key) ? undefined : key.replace(/^vit\./, '');
}

/** Reads a folder of transformers' ViTModel, also as a part of a model with a head; throws as `loadDenseNet`. */
export async function loadVit(folder: string): Promise<VisionModel<VitConfig, VitParams>> {
  const config = await readObject<VitConfig>(join(folder, 'config.json'), (read) => vitShapes(read, false));
  const expected = (keys: ReadonlySet<string>): Record<string, number[]> => vitShapes(config, keys.has('pooler.dense.weight'));
  return { config, params: await loadParameters<VitParams>(folder, { file: 'model', expected, rename: vitKey }) };
}

/** Reads a folder of transformers' SiglipVisionModel; throws as `loadDenseNet`. */
export async function loadSiglipVision(folder: string): Promise<VisionModel<SiglipVisionConfig, SiglipVisionParams>> {
  const config = await readObject<SiglipVisionConfig>(join(folder, 'config.json'), siglipVisionShapes);
  const rename = (key: string): string | undefined =>
    key.endsWith('embeddings.position_ids') ? undefined : key.replace(/^vision_model\./, '');
  return {
    config,
    params: await loadParameters<SiglipVisionParams>(folder, { file: 'model', expected: siglipVisionShapes(config), rename }),
  };
}

/** Reads a folder of EfficientNet-Lite0, as `roentgen models get efficientnet-lite0` writes it; throws as `loadDenseNet`. The caller disposes the tree. */
export async function loadEfficientNetLite(folder: string): Promise<EfficientNetLiteParams> {
  const rename = (key: string): string | undefined => (isCounter(key) ? undefined : key);
  return await loadParameters<EfficientNetLiteParams>(folder, { file: 'model', expected: efficientNetLiteShapes(), rename });
}

/** Reads a folder of FID's Inception, `model.safetensors` with the key names of pytorch-fid's weights; throws as `loadDenseNet`. The caller disposes the tree. */
export async function loadInception(folder: string): Promise<InceptionParams> {
  const rename = (key: string): string | undefined => (isCounter(key) ? undefined : key);
  return await loadParameters<InceptionParams>(folder, { file: 'model', expected: inceptionShapes(), rename });
}
