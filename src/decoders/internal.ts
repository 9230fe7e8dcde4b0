/** What other rooms use of this one beside its public names. */

export { CHAT_TEMPLATE, loadChatWriter } from './chat-model';
export { languageModelShapes } from './language-model';
export { llamaShapes } from './llama';
export { causalScores, placesFrom } from './masks';
export { DECODER_NOTES } from './notes';
export { phiShapes } from './phi';
export { drawnToken, softmax } from './processors';
export { completeR2GenConfig } from './r2gen/config';
export { r2genShapes } from './r2gen/r2gen';
