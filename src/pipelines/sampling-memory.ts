/** Whether images of a size can be made with the memory that is there, before anything of that size is. */

import { availableMemory } from '../engine/internal';
import { completeUNetConfig } from '../unet/internal';
import { completeVaeConfig } from '../vae/internal';
import { latentFactor, type Model } from './model';

export interface SamplingSize {
  /** Of the images, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Images at a time. */
  readonly batch: number;
  readonly vaeSlicing?: boolean;
  readonly vaeTiling?: boolean | number;
}

/** Feature maps of the decoder's last level that are there at once, at least: a residual block's input, its two convolutions' results, and a norm's. */
const DECODER_MAPS = 4;

/**
 * The least memory that sampling takes beside the model, MiB: the scores of the U-Net's largest self-attention, or the decoder's feature maps at full size,
 * whichever is more. What is really taken is up to twice as much.
 */
export function leastSamplingMemory(model: Model, { width, height, batch, vaeSlicing, vaeTiling }: SamplingSize): number {
  const unet = completeUNetConfig(model.unet.config);
  const vae = completeVaeConfig(model.vae.config);
  const factor = latentFactor(model);
  const positions = (width / factor) * (height / factor);
  const scores = unet.down_block_types.map((type, level) =>
    type.startsWith('CrossAttn') ? batch * unet.attention_head_dim[level]! * (positions / 4 ** level) ** 2 : 0,
  );
  const tile = !vaeTiling ? undefined : vaeTiling === true ? vae.sample_size : vaeTiling;
  const pixels = tile === undefined ? width * height : Math.min(width, tile) * Math.min(height, tile);
  const decoder = (vaeSlicing ? 1 : batch) * pixels * vae.block_out_channels[0]! * DECODER_MAPS;
  return (4 * Math.max(...scores, decoder)) / 2 ** 20;
}

/**
 * Refuses what can't fit.
 *
 * @throws RangeError saying how much it would take at least, how much is there, and what takes less
 */
export function expectSamplingMemory(where: string, model: Model, size: SamplingSize): void {
  const [needed, available] = [leastSamplingMemory(model, size), availableMemory()];
  if (needed <= available) return;
  const fits = (change: Partial<SamplingSize>): boolean => leastSamplingMemory(model, { ...size, ...change }) <= available;
  let side = Math.min(size.width, size.height);
  const step = 8 * latentFactor(model);
  while (side > step && !fits({ width: side, height: side, batch: 1 })) side = step * Math.floor((side - 1) / step);
  const advice = [
    ...(size.batch > 1 && fits({ batch: 1 }) ? ['one picture at a time would fit'] : []),
    ...(size.vaeTiling === undefined && fits({ vaeTiling: true }) ? ['decoding in tiles would fit'] : []),
    `${side} × ${side} pixels would fit one at a time`,
  ];
  const GiB = (MiB: number): string => `${(MiB / 1024).toFixed(1)} GiB`;
  throw new RangeError(
    `${where}: ${size.batch} at a time of ${size.width} × ${size.height} pixels take at least ${GiB(needed)}, and ${GiB(available)} are free; ${advice.join(', or ')}`,
  );
}
