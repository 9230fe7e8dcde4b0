/** CheXagent, CheXinstruct and CheXbench (arXiv:2401.12208). */

export { type Choice, choicesOfLikelihoods, choicesOfTexts, chosenOption, questionText } from './bench/choose';
export { type BenchQuestion, type BenchText, type CheXbench, readCheXbench } from './bench/file';
