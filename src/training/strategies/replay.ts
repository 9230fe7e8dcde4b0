/** Rehearsal (Robins 1995): images of the domain that the model comes from in every batch, so that it goes on learning them. */

import { checkOldDomain, followedBy, oldDomain, oldDomainSettings } from './old-domain';
import { checkShare, defineStrategy, ofUNet, type StrategyDefinition } from './strategy';

export const replay: StrategyDefinition = defineStrategy({
  name: 'replay',
  what: 'images of the old domain in every batch, its own or made by the model before it changes, against forgetting',
  settings: { ...oldDomainSettings, share: 0.25, weight: 1, text_encoder: true },
  create(settings) {
    const { share, weight } = settings;
    checkOldDomain('replay', settings);
    checkShare('replay', share, weight);
    return {
      trains: (path) => settings.text_encoder || ofUNet(path),
      async prepare(preparation) {
        const { data } = preparation;
        return { ...followedBy(data, await oldDomain(preparation, settings)), prior: { from: data.texts.length, weight, share } };
      },
    };
  },
});
