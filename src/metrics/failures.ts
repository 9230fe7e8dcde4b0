import type { ClassifierConfig } from './classifier';
import type { Classified } from './classify';
import type { Labelled } from './evaluate';

/** A finding that the classifier does not see as it was asked for. */
export interface Failure {
  /** The image's number. */
  readonly image: number;
  readonly finding: string;
  readonly kind: 'missing' | 'other side';
  /** How sure the classifier is of it, above 0.5. */
  readonly certainty: number;
  /** What was asked for and what is seen, in words. */
  readonly text: string;
}

/**
 * What a set of images gets wrong by the classifier's word: findings asked for that it does not see, and sided ones that it sees on the other side. It may
 * be wrong itself: it errs as often on real images as their AUROC says.
 *
 * @param seen     what it says of the images
 * @param records  labels and sides of their prompts
 * @returns        the surest first
 */
export function failures(config: ClassifierConfig, seen: Classified, records: readonly Labelled[]): Failure[] {
  const [F, S] = [config.findings.length, Math.max(1, config.sided.length)];
  const found = records.flatMap(({ labels, sides }, image) =>
    config.findings.flatMap((finding, f): Failure[] => {
      if (labels[finding] !== 1) return [];
      const side = sides[finding];
      const name = side === undefined ? finding : `${side} ${finding}`;
      const told = (kind: Failure['kind'], certainty: number, what: string): Failure => {
        const percent = Math.min(99, Math.round(100 * certainty)); // nobody is ever quite sure
        return { image, finding, kind, certainty, text: `${name} ${what} (${percent}%)` };
      };
      const presence = seen.presence[image * F + f]!;
      if (presence < 0.5) return [told('missing', 1 - presence, 'not seen')];
      const s = config.sided.indexOf(finding);
      if (side === undefined || s < 0) return [];
      const right = seen.right[image * S + s]!;
      const other = side === 'right' ? 1 - right : right;
      return other > 0.5 ? [told('other side', other, `seen on the ${side === 'right' ? 'left' : 'right'}`)] : [];
    }),
  );
  return found.sort((a, b) => b.certainty - a.certainty);
}
