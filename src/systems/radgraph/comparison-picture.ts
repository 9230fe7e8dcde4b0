/** Two annotated reports of one study, such as a generated one and the reference, as a picture of what they say alike. */

import type { Displayable } from '../../display';
import { displayable, escapeHtml, neutralInk, palette } from '../../display/internal';
import type { RadGraphReport } from './annotation';
import { compareEntities, type EntityVerdict, entityVerdicts } from './compare-entities';
import { entityPicture } from './picture';

/** Green, vermilion, grey. */
const COLOURS: Readonly<Record<EntityVerdict, string>> = { agrees: palette[2]!, contradicts: palette[1]!, 'stands alone': neutralInk };

/**
 * Both reports, one below the other, their entities in boxes coloured by whether the other report agrees (`compareEntities`); below what contradicts stands what the other report says.
 *
 * @param titles of both reports
 * @throws RangeError where a relation's target is no entity of its report
 * @example radGraphComparison(generated, reference)   // as a cell's last expression
 */
export function radGraphComparison(
  candidate: RadGraphReport,
  reference: RadGraphReport,
  titles: readonly [candidate: string, reference: string] = ['Generated', 'Reference'],
): Displayable {
  const parts = [compared(candidate, reference, titles[0]), compared(reference, candidate, titles[1])];
  return displayable(() => ({
    'text/html': `<div class="rg-comparison">${parts.map(({ title, picture }) => `<div style="font-size:13px;margin:6px 0 2px">${escapeHtml(title)}</div>${picture['text/html']}`).join('')}</div>`,
    'text/plain': parts.map(({ title, picture }) => `${title}\n${picture['text/plain']}`).join('\n\n'),
  }));
}

function compared(
  report: RadGraphReport,
  other: RadGraphReport,
  name: string,
): { title: string; picture: Readonly<Record<string, unknown>> } {
  const verdicts = compareEntities(report, other);
  const picture = entityPicture(report, {
    kinds: entityVerdicts,
    colours: entityVerdicts.map((verdict) => COLOURS[verdict]),
    box: (key) => {
      const { verdict, other: says } = verdicts[key]!;
      return { kind: verdict, ...(says !== undefined && { note: `≠ ${says}` }) };
    },
  });
  const count = (wanted: EntityVerdict): number => Object.values(verdicts).filter(({ verdict }) => verdict === wanted).length;
  const title = `${name}: entities that agree ${count('agrees')}, contradict ${count('contradicts')}, stand alone ${count('stands alone')}`;
  return { title, picture: picture.bundle() };
}
