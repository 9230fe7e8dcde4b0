/** Stages of a training, each of which changes some of a network's parameters: what is finished stays in its folder. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dispose, flatten, type Tree } from '../../engine';
import { merge, partition } from '../../engine/internal';
import { writeJson } from '../../files';
import { loadParameters, saveParameters } from '../../files/internal';

/** Whether a folder holds a finished stage. */
export const isFinished = (folder: string): boolean => existsSync(join(folder, 'config.json'));

export interface KeptStage {
  readonly folder: string;
  readonly name: string;
  /** Whether a parameter is of the stage, by its path. */
  readonly isOfStage: (path: string) => boolean;
  /** Before the stage; taken over, unless `learn` throws. */
  readonly params: Tree;
  /** All parameters after it. */
  readonly learn: () => Promise<Tree>;
}

/** All parameters after a stage: its own as its folder has them, or as they are learnt, which the folder then keeps. */
export async function keptStage({ folder, name, isOfStage, params, learn }: KeptStage): Promise<Tree> {
  const [own] = partition(params, isOfStage);
  if (isFinished(folder)) {
    const expected = Object.fromEntries(Object.entries(flatten(own)).map(([path, { shape }]) => [path, shape]));
    const found = await loadParameters<Tree>(folder, { file: 'model', expected });
    dispose(own);
    return merge<Tree>(params, found);
  }
  const learnt = await learn();
  dispose(params);
  await saveParameters(folder, 'model', partition(learnt, isOfStage)[0]);
  await writeJson(join(folder, 'config.json'), { stage: name });
  return learnt;
}
