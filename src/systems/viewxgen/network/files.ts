/** The folder of the network: config, weights, the texts' tokenizer, and in `vqvae` the autoencoder whose codes its images are. */

import { join } from 'node:path';
import { dispose, type Tree } from '../../../engine';
import { FileError, readObject, writeJson } from '../../../files';
import { expectFolderOf, hashFile, loadParameters, saveParameters } from '../../../files/internal';
import { loadTokenizer, type Tokenizer } from '../../../tokenizers';
import { loadVq, saveVq, type VqModel } from '../../../vq';
import { checkViewxgenConfig, type ViewxgenConfig } from './config';
import { type ViewxgenParams, viewxgenShapes } from './params';

export interface ViewxgenModel {
  readonly config: ViewxgenConfig;
  /** The caller disposes it. */
  readonly params: ViewxgenParams;
  /** Its length is `text_length`. */
  readonly tokenizer: Tokenizer;
  /** The autoencoder; the caller disposes its parameters. */
  readonly vq: VqModel;
}

/** What `config.json` holds besides: what names the autoencoder's weights, where it was trained here. Codes of another one say nothing. */
type Kept = ViewxgenConfig & { readonly autoencoder?: string };

const vqFolder = (folder: string): string => join(folder, 'vqvae');

/** The hash of an autoencoder's weights. */
export const autoencoderHash = (folder: string): Promise<string> => hashFile(join(folder, 'diffusion_pytorch_model.safetensors'));

/** Writes a folder: the same model, the same bytes. @throws FileError where it cannot be written */
export async function saveViewxgen(folder: string, { config, params, tokenizer, vq }: ViewxgenModel): Promise<void> {
  checkViewxgenConfig(config);
  await tokenizer.save(folder);
  await saveVq(vqFolder(folder), vq);
  await saveParameters(folder, 'model', params as Tree);
  await writeJson(join(folder, 'config.json'), { ...config, autoencoder: await autoencoderHash(vqFolder(folder)) } satisfies Kept);
}

/** Heads that the release never uses, and copies of all layers that its redrawing keeps. */
const UNUSED = /^(to_out_txt|to_out_img|transformer\.proj_updater)\./;

/** A key of the release's checkpoint, whose training wraps the network, or of one written here. */
function ownKey(key: string): string | undefined {
  const own = key.replace(/^transformerLM_unified\./, '');
  if (UNUSED.test(own)) return undefined;
  return own.replace(/^image_pos_emb\.weights_(\d)$/, 'image_pos_emb.weights.$1').replace('.fn.fn.', '.fn.');
}

/**
 * Reads a folder of `saveViewxgen`, or one with a converted checkpoint of the release (docs/viewxgen.md).
 *
 * @throws FileError where a file is missing or not what it should be, or the autoencoder is not the one that it was trained with
 */
export async function loadViewxgen(folder: string): Promise<ViewxgenModel> {
  expectFolderOf('a model of ViewXGen', folder, ['config.json']);
  const { autoencoder, ...config } = await readObject<Kept>(join(folder, 'config.json'), ({ autoencoder: _, ...rest }) =>
    checkViewxgenConfig(rest),
  );
  const vq = await loadVq(vqFolder(folder));
  try {
    if (autoencoder !== undefined && (await autoencoderHash(vqFolder(folder))) !== autoencoder)
      throw new FileError(
        vqFolder(folder),
        'is not the autoencoder that the network was trained with: its codes mean something else there',
      );
    if (vq.config.num_vq_embeddings !== config.codes)
      throw new FileError(vqFolder(folder), `has ${vq.config.num_vq_embeddings} codes, and the network has tokens for ${config.codes}`);
    const tokenizer = (await loadTokenizer(folder)).withLength(config.text_length);
    const params = await loadParameters<Tree>(folder, { file: 'model', expected: viewxgenShapes(config), rename: ownKey });
    return { config, params: params as ViewxgenParams, tokenizer, vq };
  } catch (error) {
    dispose(vq.params as Tree);
    throw error;
  }
}
