/** What shapes the network. */

import { checkSettings, is, type ShapeOf } from '../../../files/internal';

/**
 * How a position attends to those before: the Performer's features of the published network (`relu`), those that estimate softmax attention (`positive`), or
 * softmax attention itself (`exact`), whose memory grows with the square of the length.
 */
export const attentionKinds = ['relu', 'positive', 'exact'] as const;
export type AttentionKind = (typeof attentionKinds)[number];

export interface ViewxgenConfig {
  readonly model_type: 'viewxgen';
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
  /** Channels of a head. */
  readonly dim_head: number;
  /** Random features of a head. */
  readonly features: number;
  readonly attention: AttentionKind;
  /** Tokens of texts, and the length that texts are padded to. */
  readonly text_vocabulary: number;
  readonly text_length: number;
  /** Codes of the autoencoder's codebook, and how many of them an image is wide and high. */
  readonly codes: number;
  readonly grid: number;
  /** Images that a study has at most. */
  readonly images: number;
}

const size = is.whole(1, 100_000);

const CONFIG: ShapeOf<ViewxgenConfig> = {
  model_type: is.oneOf('viewxgen'),
  dim: size,
  depth: is.whole(1, 1000),
  heads: size,
  dim_head: size,
  features: size,
  attention: is.oneOf(...attentionKinds),
  text_vocabulary: is.whole(2, 1_000_000),
  text_length: is.whole(3, 100_000),
  codes: is.whole(2, 1_000_000),
  grid: is.whole(1, 1024),
  images: is.whole(1, 4),
};

/** @throws RangeError naming what of the config can't be worked with */
export function checkViewxgenConfig(config: ViewxgenConfig): void {
  checkSettings('viewxgen', config, CONFIG);
  if (config.dim % 2 !== 0) throw new RangeError(`viewxgen: dim: expected an even number, for sines beside cosines; got ${config.dim}`);
}
