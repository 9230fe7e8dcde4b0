/** Language models: Llama, Mistral, Phi, GPT-2, BERT as a decoder and R2Gen; their passes, and how they write. */

export type { BeamOptions } from './beams';
export { type BertLmConfig, type BertLmParams, bertLm } from './bert-lm';
export { type ChatModel, loadChatModel } from './chat-model';
export { type ChatMessage, type ChatWriter, chatTemplate, type TemplateTokens } from './chat-template';
export type { Prompts } from './continuation';
export { endsWithAny, type Generated, type GenerateOptions, generate, type WriteTokensOptions, writeTokens } from './generate';
export { loadGgufModel } from './gguf-model';
export { type Gpt2Config, type Gpt2Params, gpt2, initGpt2 } from './gpt2';
export {
  type LanguageModel,
  type LanguageModelConfig,
  type LanguageModelFacts,
  type LoadLanguageModelOptions,
  languageModel,
  loadLanguageModel,
} from './language-model';
export { type Continued, type LikelihoodOptions, meanLogLikelihoods } from './likelihood';
export { initLlama, type LlamaConfig, type LlamaParams, llama } from './llama';
export { llamaAttention } from './llama-attention';
export { openChatModel } from './open-chat-model';
export { type DecoderInputs, type DecoderOutput, type KeptKeys, nextTokenLoss } from './pass';
export { initPhi, type PhiConfig, type PhiParams, phi } from './phi';
export { phiAttention } from './phi-attention';
export { type Processor, processScores } from './processors';
export type { R2GenConfig } from './r2gen/config';
export type { R2GenAttentionParams, R2GenFeedForwardParams, R2GenMlpParams, StdNormParams } from './r2gen/layers';
export {
  initR2Gen,
  type R2GenDecoderLayerParams,
  type R2GenEncoderLayerParams,
  type R2GenParams,
  r2genDecode,
  r2genEncode,
  r2genWriter,
} from './r2gen/r2gen';
export type { ConditionalNormParams, RelationalMemoryParams } from './r2gen/relational-memory';
