/** What other rooms use of this one beside its public names. */

export { checkLora, hasLora, initLora, type LoraOptions, lowRankAdapters, mergeLora, withLora, withoutLora } from './adapters/lora';
export { denoise } from './denoise';
export { editBranches, imageCondition } from './edit';
export { type Branch, imageAndText, type TextContexts, textGuidance } from './guidance';
export { noisedStart } from './image-to-image';
export { inpaintStart, keepKnown, latentMask } from './inpaint';
export { encodeSigned, toSigned } from './latents';
export { checkModel, expectWeights, latentFactor, masksPadding } from './model';
export { hashModel } from './model-hash';
export { modelText, modelTokenizer } from './model-texts';
export { runTextEncoder } from './networks';
export { addTokens, idsOfWord, saveLearnedEmbeds, tokenTablePath, vectorTokens } from './new-tokens';
export { predictor } from './predictor';
export { partRange } from './sampling';
export { projectContext } from './text-projection';
