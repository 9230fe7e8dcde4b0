/** What other rooms use of this one beside its public names. */

export { Unsupported } from './checker';
export { absolute, exact, grad, rel, relative } from './measure';
export { planVerification } from './run';
