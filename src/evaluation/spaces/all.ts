/** All feature spaces that can be had: a distance is trusted where several agree. */

import type { Bench } from '../bench';
import type { FeatureSpace } from '../features';
import { contrastiveSpace } from '../networks/kept-contrastive';
import { chestSpace } from './chest';
import { clipSpace } from './clip';
import { imageNetSpace } from './imagenet';
import { inceptionSpace } from './inception';

/** The spaces, in the order of tables; the caller disposes them. What is missing is said, with what brings it. */
export async function featureSpaces(bench: Bench): Promise<FeatureSpace[]> {
  const { inception, clip } = bench.networks;
  const spaces: FeatureSpace[] = [];
  try {
    spaces.push(await chestSpace(bench));
    const imageNet = await imageNetSpace();
    if (imageNet) spaces.push(imageNet);
    else bench.note('There is no ImageNet network to measure with: roentgen models get efficientnet-lite0 brings one (17 MB).');
    if (inception !== undefined) spaces.push(await inceptionSpace(inception));
    spaces.push(clip === undefined ? await contrastiveSpace(bench) : await clipSpace(clip));
    return spaces;
  } catch (error) {
    for (const space of spaces) space.dispose();
    throw error;
  }
}
