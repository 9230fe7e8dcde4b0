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

/** What `config.json` holds besides: what names the autoencoder's weights. Codes of another one say nothing. */
type Kept = ViewxgenConfig & { readonly autoencoder: string };

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

/** @throws FileError where a file is missing or not what it should be, or the autoencoder is not the one that it was trained with */
export async function loadViewxgen(folder: string): Promise<ViewxgenModel> {
  expectFolderOf('a model of ViewXGen', folder, ['config.json']);
  const { autoencoder, ...config } = await readObject<Kept>(join(folder, 'config.json'), ({ autoencoder: _, ...rest }) =>
    checkViewxgenConfig(rest),
  );
  const vq = await loadVq(vqFolder(folder));
  try {
    if ((await autoencoderHash(vqFolder(folder))) !== autoencoder)
      throw new FileError(
        vqFolder(folder),
        'is not the autoencoder that the network was trained with: its codes mean something else there',
      );
    if (vq.config.num_vq_embeddings !== config.codes)
      throw new FileError(vqFolder(folder), `has ${vq.config.num_vq_embeddings} codes, and the network has tokens for ${config.codes}`);
    const tokenizer = (await loadTokenizer(folder)).withLength(config.text_length);
    const params = await loadParameters<Tree>(folder, { file: 'model', expected: viewxgenShapes(config) });
    return { config, params: params as ViewxgenParams, tokenizer, vq };
  } catch (error) {
    dispose(vq.params as Tree);
    throw error;
  }
}
