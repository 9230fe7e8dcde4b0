/** The images of a domain, of a folder or of the phantom. */

import { openDataset } from '../../../datasets';
import { datasetImages } from '../data/dataset-images';
import type { DomainParts, OpenImagesOptions } from '../data/domain-images';
import { phantomRadiographs, phantomReconstructions } from '../data/phantom-images';
import type { Domain } from '../labels';
import type { DrrRateRecipe } from './recipe';

/** Folders of data sets; of a domain without one the phantom's images are taken. */
export type DomainFolders = Readonly<Partial<Record<Domain, string>>>;

/** @throws FileError where the folder is of no known layout; RangeError where it has no such images */
export async function openDomain(
  recipe: Pick<DrrRateRecipe, 'size' | 'phantom'>,
  domain: Domain,
  folders: DomainFolders,
  options: Omit<OpenImagesOptions, 'size'>,
): Promise<DomainParts> {
  const { size, phantom } = recipe;
  const data = folders[domain];
  if (data !== undefined) return datasetImages(await openDataset({ data }), domain, { size, ...options });
  const open = domain === 'drr' ? phantomReconstructions : phantomRadiographs;
  const own = { ...options, size, lateral: true }; // a second view of a volume that is there costs little
  return { train: await open(phantom, 'train', own), test: await open(phantom, 'test', own) };
}
