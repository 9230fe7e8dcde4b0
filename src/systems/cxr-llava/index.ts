/** CXR-LLaVA (arXiv:2310.18341): a language model that is asked about a radiograph. */

export { type CxrLlavaConfig, checkCxrLlavaConfig } from './network/config';
export { type CxrLlavaModel, loadCxrLlava, saveCxrLlava } from './network/files';
export {
  type CxrLlavaParams,
  cxrLlava,
  cxrLlavaEmbeddings,
  cxrLlavaImages,
  cxrLlavaShapes,
  IMAGE_TOKEN,
  imageTokens,
  initCxrLlava,
} from './network/model';
export { IMAGE_MARK, tokensWithImage } from './network/prompt';
