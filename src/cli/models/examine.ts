/** What a model folder or a packed file is, told from its configs and headers alone: no weight is read. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readTextEncoderConfig, textEncoderFacts, textEncoderShapes } from '../../encoders/internal';
import { readObject } from '../../files';
import { isFile, openGguf, openSafetensors, parseObject } from '../../files/internal';
import { modelText } from '../../pipelines/internal';
import type { UNetConfig } from '../../unet';
import { completeUNetConfig } from '../../unet/internal';

/** One line of the list. */
export interface ModelEntry {
  readonly name: string;
  /** `CLIP`, `BERT` … of a text encoder, `Stable Diffusion` of a whole model, `EfficientNet-Lite0` of an image encoder, `llama (GGUF)` of a language model. */
  readonly kind: string;
  /** Channels of the text's context, or of an image's features. */
  readonly width: number;
  /** Weights of the text encoder, or of all parts of a whole model. */
  readonly parameters: number;
  /** As its README names it; undefined where it names none. */
  readonly licence?: string;
  readonly path: string;
}

/**
 * Looks at one folder, or one packed file.
 *
 * @throws FileError where it holds no model that is understood
 */
export async function examineModel(name: string, path: string): Promise<ModelEntry> {
  const licence = licenceOf(await modelText(path, 'README.md').catch(() => ''));
  const common = { name, path, licence };
  if (isFile(path)) return { ...common, ...(await examinePacked(path)) };
  if (existsSync(join(path, 'model_index.json'))) {
    const { cross_attention_dim: width } = completeUNetConfig(
      await readObject<UNetConfig>(join(path, 'unet', 'config.json'), completeUNetConfig),
    );
    const files = ['unet/diffusion_pytorch_model', 'vae/diffusion_pytorch_model', 'text_encoder/model', 'text_projection/model'];
    const counts = await Promise.all(files.map((file) => countInFile(join(path, `${file}.safetensors`))));
    return { ...common, kind: 'Stable Diffusion', width, parameters: counts.reduce((sum, n) => sum + n, 0) };
  }
  const gguf = readdirSync(path).find((file) => file.endsWith('.gguf'));
  if (gguf !== undefined) return { ...common, ...(await examineGguf(join(path, gguf))) };
  if (await isEfficientNetLite(path))
    return { ...common, kind: 'EfficientNet-Lite0', width: 1280, parameters: await countInFile(join(path, 'model.safetensors')) };
  const { config, form } = await readTextEncoderConfig(path);
  const { kind, width } = textEncoderFacts(config);
  const all = Object.values(textEncoderShapes(config)).reduce((sum, shape) => sum + shape.reduce((product, n) => product * n, 1), 0);
  const pooler = form === 'alone' ? await countInFile(join(path, 'model.safetensors'), /(^|\.)pooler\.dense\.(weight|bias)$/) : 0;
  return { ...common, kind, width, parameters: all + pooler };
}

/** A whole model in one file. */
async function examinePacked(path: string): Promise<Pick<ModelEntry, 'kind' | 'width' | 'parameters'>> {
  const config = parseObject<UNetConfig>(path, await modelText(path, 'unet/config.json'), completeUNetConfig);
  const { cross_attention_dim: width } = completeUNetConfig(config);
  return { kind: 'Stable Diffusion, packed', width, parameters: await countInFile(path) };
}

/** A language model in one file. */
async function examineGguf(path: string): Promise<Pick<ModelEntry, 'kind' | 'width' | 'parameters'>> {
  const file = await openGguf(path);
  try {
    const parameters = file.tensors.reduce((sum, name) => sum + file.shape(name).reduce((product, n) => product * n, 1), 0);
    const architecture = String(file.metadata['general.architecture']);
    return { kind: `${architecture} (GGUF)`, width: Number(file.metadata[`${architecture}.embedding_length`]), parameters };
  } finally {
    await file.close();
  }
}

/** Whether a folder is of the image encoder that `models get` writes. */
async function isEfficientNetLite(path: string): Promise<boolean> {
  const { class: kind } = await readObject<{ class?: unknown }>(join(path, 'config.json')).catch(() => ({ class: undefined }));
  return kind === 'EfficientNetLite';
}

/** Values in the tensors of a file whose names match; 0 where there is no such file. */
async function countInFile(path: string, pattern: RegExp = /^/): Promise<number> {
  if (!existsSync(path)) return 0;
  const file = await openSafetensors(path);
  try {
    return file.keys.filter((key) => pattern.test(key)).reduce((sum, key) => sum + file.info(key).shape.reduce((a, b) => a * b, 1), 0);
  } finally {
    await file.close();
  }
}

/** `license:` of a README's front matter, as hubs have it: a word, quoted or not, or a list of them. */
function licenceOf(readme: string): string | undefined {
  const [, matter] = /^---\r?\n([\s\S]*?)\r?\n---/.exec(readme) ?? [];
  const [, value = ''] = /^licen[cs]e:(.*(?:\r?\n\s*-\s.*)*)/m.exec(matter ?? '') ?? [];
  const words = value
    .split(/\n\s*-\s|,/)
    .map((word) =>
      word
        .replace(/\s#.*$/, '')
        .replace(/^[\s[]+|[\s\]]+$/g, '')
        .replace(/^(["'])(.*)\1$/, '$2'),
    )
    .filter((word) => word !== '');
  return words.length > 0 ? words.join(', ') : undefined;
}
