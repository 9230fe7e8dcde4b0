/** Ruiz et al. 2023, arXiv:2208.12242: a few images under a rare token, and the model's own images of their class, so that it does not forget it (eq. 2). */

import { type Key, split } from '../../engine';
import { rowsOf } from '../../files';
import { readRange } from '../../files/internal';
import { ownImages } from './old-domain';
import { defineStrategy, fillTemplate, ofUNet, type StrategyDefinition } from './strategy';

export const dreambooth: StrategyDefinition = defineStrategy({
  name: 'dreambooth',
  what: 'a few images under a rare token; prior preservation: images of their class that the model made itself keep it from forgetting',
  settings: {
    pictures: 8,
    token: 'sks',
    template: '{token} {text}',
    class_prompts: ['picture'] as readonly string[],
    prior_pictures: 32,
    prior_weight: 1,
    text_encoder: true,
  },
  create(settings) {
    const { pictures, token, template, class_prompts: classes, prior_pictures: priors, prior_weight: weight } = settings;
    for (const [name, value] of Object.entries({ pictures, prior_pictures: priors }))
      if (!Number.isSafeInteger(value) || value < 1)
        throw new RangeError(`strategy dreambooth: ${name}: expected a whole number from 1, got ${value}`);
    if (!(weight >= 0)) throw new RangeError(`strategy dreambooth: prior_weight: expected a number from 0, got ${weight}`);
    if (classes.length === 0) throw new RangeError('strategy dreambooth: class_prompts: expected one prompt at least');
    return {
      trains: (path) => settings.text_encoder || ofUNet(path),
      prompt: (text) => fillTemplate(template, token, text),
      async prepare(preparation) {
        const area = preparation.size ** 2;
        const few = Math.min(pictures, preparation.data.texts.length);
        const [, drawing] = split(preparation.key) as [Key, Key];
        const prompts = Array.from({ length: priors }, (_, i) => classes[i % classes.length]!);
        const made = await ownImages(preparation, prompts, drawing, 'pictures of the prior class');
        const pixels = new Float32Array((few + priors) * area);
        pixels.set(await readRange(preparation.data.pixels, 0, few));
        pixels.set(made, few * area);
        return { pixels: rowsOf(pixels, area), texts: [...preparation.data.texts.slice(0, few), ...prompts], prior: { from: few, weight } };
      },
    };
  },
});
