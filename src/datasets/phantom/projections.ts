/** Other views of one study: the same patient with the same findings, from another side. */

import { foldIn, key } from '../../engine';
import { draws } from '../procedural';
import { phantomSettings } from './settings';
import type { Projection, Study } from './types';

/**
 * Another projection of a study, taken minutes apart: patient and findings are the same, position and depth of breath are a little different, technique is
 * the other view's. Deterministic.
 *
 * A lateral view hides what lies over the other lung, and no side can be told on it: texts about it alone name what `lateral` of `data/phantom.json` lists.
 *
 * @param view of the new image; the study itself where it is the same
 */
export function otherProjection(study: Study, view: Projection): Study {
  if (view === study.view) return study;
  const random = draws(foldIn(foldIn(key(study.detail), 31), ['PA', 'AP', 'LATERAL'].indexOf(view)));
  const { rotation, inspiration } = phantomSettings().population;
  const deeper = inspiration[view][0] - inspiration[study.view][0];
  return {
    ...study,
    view,
    rotation: random.normal(0, rotation[view] * (study.plain ? phantomSettings().prompt.variety : 1)),
    inspiration: Math.max(-1, Math.min(1, study.inspiration + deeper + random.normal(0, 0.08))),
    exposure: random.normal(0, study.plain ? 0.15 : 0.8),
    detail: Math.floor(random.uniform(0, 2 ** 24)),
  };
}
