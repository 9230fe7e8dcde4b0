/** Texts with an image among them as tokens. */

import type { Tokenizer } from '../../../tokenizers';
import { IMAGE_TOKEN } from './model';

/** Stands for the image in a text. */
export const IMAGE_MARK = '<image>';

/**
 * A text's tokens with the image's places where its mark is.
 *
 * @param places tokens of an image (`imageTokens`)
 * @throws RangeError where the text has not exactly one mark
 */
export function tokensWithImage(tokenizer: Pick<Tokenizer, 'ids'>, text: string, places: number): number[] {
  const parts = text.split(IMAGE_MARK);
  if (parts.length !== 2)
    throw new RangeError(`cxr-llava: the text: expected ${IMAGE_MARK} once, where the image stands; got it ${parts.length - 1} times`);
  const [before, after] = parts.map((part) => (part === '' ? [] : tokenizer.ids(part)));
  return [...before!, ...new Array<number>(places).fill(IMAGE_TOKEN), ...after!];
}
