/** The options that name images of both domains. */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { DomainFolders } from '../../systems';

export interface FolderFlags {
  data?: string;
  xRay?: string;
}

export function addFolderOptions(command: Command): Command {
  return command
    .option(
      '--data <folder>',
      "reconstructions: DRR-RATE, or what roentgen drr wrote; without it volumes of the phantom's patients, projected",
    )
    .option('--x-ray <folder>', "radiographs with labels, such as CheXpert or NIH ChestX-ray14; without it the phantom's");
}

export const foldersOf = ({ data, xRay }: FolderFlags): DomainFolders => ({
  ...(data !== undefined && { drr: resolve(data) }),
  ...(xRay !== undefined && { 'x-ray': resolve(xRay) }),
});
