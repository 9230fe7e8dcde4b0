/** What a model says to questions of presence. */

import type { ImageRecord } from '../../datasets';
import type { Rows } from '../../files';
import { type AskedModel, answerLikelihoods, imageStates } from '../../systems';
import { JUDGED } from '../subgroups/rare-group';

/** How much likelier "yes" is than "no" to each finding, nats a token, [records × JUDGED], row by row. */
export async function marginsOf(
  model: AskedModel,
  { records, pixels }: { readonly records: readonly ImageRecord[]; readonly pixels: Rows },
  watched: { readonly signal?: AbortSignal; readonly onProgress?: (done: number, total: number) => void },
): Promise<Float32Array> {
  const states = await imageStates(model, pixels, watched);
  const questions = records.flatMap((_, i) =>
    JUDGED.map((label) => ({ images: [i], question: `Does this chest radiograph show ${label.toLowerCase()}?` })),
  );
  const likelihoods = await answerLikelihoods(
    model,
    questions,
    questions.map(() => ['yes', 'no']),
    states,
    watched,
  );
  return Float32Array.from(likelihoods, ([yes, no]) => yes! - no!);
}
