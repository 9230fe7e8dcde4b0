/** Generated images as PNG files that say what they are and what they were made with. */

import { disclaimer, libraryVersion, writeSynthetic } from '../files/internal';
import type { GeneratedImage } from './images';

/** What an image's file says, by its keyword in the file. `readPngText` reads it back. */
export function imageTexts(image: GeneratedImage, modelHash?: string): Record<string, string> {
  const { prompt, seed, index, lostTokens, made } = image;
  const entries = { prompt, ...made, seed, index, lost_tokens: lostTokens, model_sha256: modelHash };
  return {
    Disclaimer: disclaimer,
    Software: `roentgen-lab ${libraryVersion}`,
    ...Object.fromEntries(Object.entries(entries).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]))),
  };
}

/**
 * Writes a generated image as an 8-bit PNG, atomically, with prompt, negative prompt, seed, number, scheduler, steps, guidance and the library's
 * version as text chunks, and that it is synthetic and not for diagnosis.
 *
 * @param modelHash of the model that made it, from `hashModel`
 * @throws FileError where it cannot be written
 */
export async function saveImage(path: string, image: GeneratedImage, modelHash?: string): Promise<void> {
  await writeSynthetic(path, image, imageTexts(image, modelHash));
}
