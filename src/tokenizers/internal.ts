/** What other rooms use of this one beside its public names. */

export { byteLevelText, byteLevelTokenizer } from './byte-level';
export { tokenizerFromTexts } from './load';
export { wordVocabulary } from './wordpiece';
