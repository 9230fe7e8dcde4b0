/** What other rooms use of this one beside its public names. */

export { completeUNetConfig } from './config';
export { contextKeys } from './context';
export { saveUNet } from './files';
