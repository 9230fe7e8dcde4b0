/** Elastic weight consolidation (Kirkpatrick et al. 2017, arXiv:1612.00796, eq. 3): weights that the old domain depends on pay for leaving their place. */

import { fisherImportance, trainedValues } from '../consolidation';
import { checkOldDomain, oldDomain, oldDomainSettings } from './old-domain';
import { defineStrategy, ofUNet, type StrategyDefinition } from './strategy';

export const ewc: StrategyDefinition = defineStrategy({
  name: 'ewc',
  what: 'elastic weight consolidation: a price on moving weights, by how much the loss on images of the old domain depends on each, against forgetting',
  settings: { ...oldDomainSettings, records: 64, lambda: 0.1, text_encoder: true },
  create(settings) {
    const { lambda } = settings;
    checkOldDomain('ewc', settings);
    if (!(lambda >= 0)) throw new RangeError(`strategy ewc: lambda: expected a number from 0, got ${lambda}`);
    const trains = (path: string): boolean => settings.text_encoder || ofUNet(path);
    return {
      trains,
      async prepare(preparation) {
        const old = await oldDomain(preparation, settings);
        const importance = await fisherImportance(preparation, old, trains);
        return { ...preparation.data, consolidation: { lambda, importance, anchor: trainedValues(preparation.model, trains) } };
      },
    };
  },
});
