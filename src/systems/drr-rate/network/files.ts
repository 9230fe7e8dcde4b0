/** Folders of CheXNet: `chexnet.json`, and for each view a DenseNet with torchvision's names, which `loadDenseNet` reads too. */

import { join } from 'node:path';
import { dispose, type Tree } from '../../../engine';
import { readObject, writeJson } from '../../../files';
import { checkSettings, expectFolderOf, is, type ShapeOf, saveParameters } from '../../../files/internal';
import { type DenseNetParams, loadDenseNet } from '../../../vision';
import { type CheXNetConfig, type CheXNetModel, type CheXNetParams, treeOf } from './chexnet';

const CONFIG = 'chexnet.json';

const SHAPE: ShapeOf<CheXNetConfig> = {
  model_type: is.oneOf('chexnet'),
  size: is.whole(32, 4096),
  views: is.list(is.oneOf('AP', 'LATERAL'), 1, 2),
  labels: is.list(is.text, 1),
  densenet: is.object,
};

/** The same model, the same bytes; the config comes last and says that all is there. @throws FileError where it cannot be written */
export async function saveCheXNet(folder: string, { config, params }: CheXNetModel): Promise<void> {
  for (const view of config.views) {
    await saveParameters(join(folder, view), 'model', params[view] as unknown as Tree);
    await writeJson(join(folder, view, 'config.json'), config.densenet);
  }
  await writeJson(join(folder, CONFIG), config);
}

/** The file that a whole folder has. */
export const cheXNetFile = (folder: string): string => join(folder, CONFIG);

/** @throws FileError where a file is missing or not what it should be */
export async function loadCheXNet(folder: string): Promise<CheXNetModel> {
  expectFolderOf('CheXNet', folder, [CONFIG]);
  const config = await readObject<CheXNetConfig>(cheXNetFile(folder), (read) => checkSettings(cheXNetFile(folder), read, SHAPE));
  const params: Record<string, DenseNetParams> = {};
  try {
    for (const view of config.views) params[view] = (await loadDenseNet(join(folder, view))).params;
  } catch (error) {
    dispose(treeOf(params as CheXNetParams));
    throw error;
  }
  return { config, params: params as CheXNetParams };
}
