/** One depth for all 16-bit images of a dataset: brightness must not jump from image to image with each one's largest value. */

import { decodeImage, mayHold16Bits, usedBits, whiteAt } from '../files/internal';
import { type ImagePlace, placeKey, readPlace } from './image-place';

/** Images that are looked at before the first 16-bit one is scaled: enough for collections of one origin, seconds to read. */
const LOOKED_AT = 64;

/** The depth that 16-bit images share. */
export interface SharedDepth {
  /**
   * How many bits white has in this image: those of the images looked at that use most, or its own where these are more.
   *
   * @param used the bits that its own values use
   */
  bits(place: ImagePlace, used: number): Promise<number>;
  /** What was found, with counts of the images read so far; empty where 16-bit images use all their bits, or there are none. */
  notes(): string[];
}

/** @param places the dataset's images; up to 64 of them, evenly spread, decide */
export function sharedDepth(places: readonly ImagePlace[]): SharedDepth {
  const bitsOf = new Map<string, number>();
  let shared = 0;
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    const step = Math.max(1, places.length / LOOKED_AT);
    for (let at = 0; at < places.length; at += step) {
      const place = places[Math.floor(at)]!;
      if (!(await mayHold16Bits(place.path, place.offset))) continue;
      const image = await readPlace(place)
        .then((bytes) => decodeImage(place.path, bytes))
        .catch(() => undefined); // what is wrong with it is said where it is read
      if (!(image?.data instanceof Uint16Array)) continue;
      const used = usedBits(image);
      bitsOf.set(placeKey(place), used);
      shared = Math.max(shared, used);
    }
  };
  return {
    async bits(place, used) {
      looking ??= look();
      await looking;
      bitsOf.set(placeKey(place), used);
      return Math.max(shared, used);
    },
    notes() {
      const all = [...bitsOf.values()];
      const of = (n: number): string => `${n} of ${all.length} 16-bit images`;
      const darker = all.filter((bits) => bits < shared);
      const brighter = all.filter((bits) => bits > shared);
      const notes: string[] = [];
      if (shared > 0 && shared < 16)
        notes.push(`${of(all.length - brighter.length)} hold no value above ${whiteAt(shared)}: taken as ${shared}-bit`);
      if (darker.length > 0)
        notes.push(
          `${of(darker.length)} hold no value above ${whiteAt(Math.max(...darker))} and are dark beside the others, which go up to ${whiteAt(shared)}; bring them to one range if they are no dark pictures`,
        );
      if (brighter.length > 0)
        notes.push(`${of(brighter.length)} hold values above ${whiteAt(shared)}: each taken with the bits that it uses`);
      return notes;
    },
  };
}
