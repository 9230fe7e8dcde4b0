/** The image encoder of the networks that evaluations train: its size by the data's. */

import type { ResNetConfig } from '../../vision';
import type { ImageEncoderConfig } from '../../vision/internal';

/** How large networks are: of a quick evaluation, of small images, or in the paper's manner. */
export type NetworkScale = 'quick' | 'small' | 'full';

/** From here on images are large enough for a ResNet-50's five halvings. */
const LARGE = 224;

export const networkScale = ({ size, quick }: { readonly size: number; readonly quick: boolean }): NetworkScale =>
  quick ? 'quick' : size < LARGE ? 'small' : 'full';

/**
 * ResNet-50's layout at full scale, else one block of two convolutions a stage.
 *
 * @param width of the vector that stands for an image
 */
export function imageEncoderConfig(size: number, scale: NetworkScale, width: number): ImageEncoderConfig {
  if (scale === 'full') return { size, resnet: { in_channels: 1, num_classes: width }, places: 'layer4' };
  const resnet: ResNetConfig = {
    block: 'BasicBlock',
    layers: [1, 1, 1, 1],
    planes: [24, 48, 96, 192],
    stem: 24,
    in_channels: 1,
    num_classes: width,
  };
  return { size, resnet, places: size >= LARGE ? 'layer4' : 'layer3' };
}

/** For definitions: "a ResNet of 1, 1, 1, 1 blocks, 24 to 192 wide". */
export function describeImageEncoder({ resnet: { block, layers = [3, 4, 6, 3], planes } }: ImageEncoderConfig): string {
  if (block !== 'BasicBlock') return 'a ResNet-50 with one input channel';
  return `a ResNet of ${layers.join(', ')} basic blocks, ${planes?.[0]} to ${planes?.at(-1)} wide`;
}
