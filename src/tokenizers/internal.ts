/** What other rooms use of this one beside its public names. */

export { wordVocabulary } from './wordpiece';
