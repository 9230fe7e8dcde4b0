/** Images of one domain: whose they are, what they show, and their pixels in one view or two. */

import type { Rows } from '../../../files';
import type { Domain, KnownLabels } from '../labels';

/** What a network sees of a study. */
export type InputView = 'AP' | 'LATERAL';

export interface ImageAbout {
  readonly patient: string;
  readonly labels: KnownLabels;
}

export interface DomainImages {
  readonly domain: Domain;
  /** In the order of the pixels. */
  readonly images: readonly ImageAbout[];
  /** Grey, size × size a row, 0 to 1: the frontal views, and the lateral ones where they are there. */
  readonly pixels: { readonly AP: Rows; readonly LATERAL?: Rows };
}

/** To learn from, and of other patients to measure on. */
export interface DomainParts {
  readonly train: DomainImages;
  readonly test: DomainImages;
}

/** Changes with the images of these views, and with what is known of them. */
export const identityOf = ({ domain, images, pixels }: DomainImages, views: readonly InputView[]): string =>
  JSON.stringify([domain, images, ...views.map((view) => pixels[view]?.identity ?? null)]);

export interface OpenImagesOptions {
  /** Pixels a side. */
  readonly size: number;
  /** Whether the lateral view is wanted too. */
  readonly lateral?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with what was left out, a sentence with counts. */
  readonly onNote?: (note: string) => void;
}

/** @throws RangeError where the lateral view is wanted and not there */
export function pixelsOf({ domain, pixels }: DomainImages, view: InputView): Rows {
  const rows = pixels[view];
  if (rows === undefined)
    throw new RangeError(`the ${domain} images have no ${view} view; a second input is learnt from reconstructions alone`);
  return rows;
}
