/** BiomedJourney's recipes: a model's own, and what the two stages are. The built-in ones are in `data/biomedjourney`. */

import { loadRecipe, overrideRecipe, type Recipe } from '../../../experiments';
import { checkContent } from '../../../files';
import { checkSettings, is, optional, type ShapeOf } from '../../../files/internal';
import { checkDropouts } from '../../../training/internal';
import { readRecipe } from '../../read-recipe';
import type { Movement } from '../data/moved';
import type { RegistrationSettings } from '../data/register-journeys';

export interface JourneyRecipe {
  readonly name: string;
  readonly comment?: string;
  /** The model's own recipe. */
  readonly model: Recipe;
  /** Stage 1: steps on single images with their texts, and zeros for the prior. */
  readonly singles: { readonly steps: number };
  /** Stage 2: steps on triples; of the phantom how many, how many of other patients to measure on, and how far its patients move in between. */
  readonly triples: { readonly steps: number; readonly train: number; readonly test: number; readonly moved?: Movement };
  /** How later images are brought to the prior ones; left out, they stay as they lie. */
  readonly registration?: RegistrationSettings;
  /** How results are guided by text and by prior. */
  readonly guidance: { readonly text: number; readonly image: number };
}

/** A recipe as its file has it. */
interface JourneyFile extends Omit<JourneyRecipe, 'model'> {
  /** Name or file (`loadRecipe`). */
  readonly model: string;
  /** Values in place of the model's, by the keys' paths. */
  readonly set: Readonly<Record<string, unknown>>;
}

const FILE: ShapeOf<JourneyFile> = {
  name: is.text,
  comment: optional(is.text),
  model: is.text,
  set: is.object,
  singles: { steps: is.whole(0) },
  triples: {
    steps: is.whole(0),
    train: is.whole(1),
    test: is.whole(1),
    moved: optional<Movement>({ turn: is.number(0, 45), scale: is.number(0, 0.5), shift: is.number(0, 0.5) }),
  },
  registration: optional<RegistrationSettings>({
    kind: is.oneOf('similarity', 'affine'),
    drop: is.number(0, 1),
    least_score: is.number(-1, 1),
  }),
  guidance: { text: is.number(0), image: is.number(0) },
};

/** @throws FileError where there is no such recipe, or one of its keys or values can't be worked with */
export async function loadJourneyRecipe(nameOrFile: string): Promise<JourneyRecipe> {
  const source = { system: 'biomedjourney', nameOrFile, names: 'laptop, notebook and paper' };
  const { file, recipe: read } = await readRecipe<JourneyFile>(source, (content, path) => checkSettings(path, content, FILE));
  const { model, set, ...recipe } = read;
  const base = await loadRecipe(model);
  return checkContent(file, () => {
    const changed = overrideRecipe(base, set);
    const { text_dropout, original_dropout: dropout = 0, both_dropout: bothDropout = 0 } = changed.diffusion;
    checkDropouts(file, text_dropout, { dropout, bothDropout });
    return { ...recipe, model: changed };
  });
}

/** The model's recipe with a stage's steps. */
export function stageRecipe({ model }: JourneyRecipe, steps: number): Recipe {
  const { diffusion } = model;
  return { ...model, diffusion: { ...diffusion, optimisation: { ...diffusion.optimisation, steps } } };
}
