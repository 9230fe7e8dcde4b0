/** What other rooms use of this one beside its public names. */

export { cumulativeAlphas, makeBetas } from './betas';
export { checkScheduler, exchangeScheduler, schedulerClassName } from './create';
export { disposeState } from './scheduler';
