/** What models that are asked about radiographs have in common: questions and answers as tokens with images among them, training on answers, answering. */

export { type AlignEncoderOptions, alignEncoder, textVectors } from './align-encoder';
export { type AnswerSampling, answerAsWritten, decodingOf, type QuestionToAnswer } from './answer-as-written';
export { type AnswerAttention, answerAttention } from './answer-attention';
export { type AskedQuestion, answerLikelihoods, answerText, type WriteAnswersOptions, writeAnswers } from './answers';
export { answersLoss, type BatchShape, type DialogueBatch, dialogueBatch, imageStatesOf } from './batch';
export { type ImageStatesOptions, imageStates } from './image-states';
export {
  type KeptEncoder,
  type LabelledEncoder,
  loadLabelledEncoder,
  readLabels,
  saveLabelledEncoder,
  type VectorEncoder,
} from './labelled-encoder';
export { type AnswersToEstimate, estimateAnswersMemory } from './memory';
export { type AskedModel, type AskedNetwork, embedWithImages, IMAGE_TOKEN } from './network';
export { ASKED_SEEDS, datasetParts, type PhantomParts, phantomParts, type RadiographParts } from './radiograph-parts';
export {
  datasetRadiographs,
  labelledRecords,
  type PhantomLook,
  type PhantomRadiographsOptions,
  phantomRadiographs,
  phantomRecord,
  phantomStudiesToAsk,
  type Radiographs,
} from './radiographs';
export { isFinished, type KeptStage, keptStage } from './stages';
export {
  answerTokens,
  bareIds,
  type Dialogue,
  type DialoguesTaken,
  dialoguesOf,
  endOf,
  IMAGE_MARK,
  type Instruction,
  promptTokens,
  takenNote,
  textDialogues,
  tokensWithImages,
} from './tokens';
export { type TrainAnswersOptions, trainAnswers } from './train-answers';
export { type TrainEncoderOptions, trainEncoder } from './train-encoder';
