/** What procedural domains share: draws, templates of text, images rendered on threads and kept. */

export { dataFolder, readData } from './data';
export { type Draws, draws } from './draws';
export { type ProceduralImages, proceduralImages } from './images';
export { fill, sentence, withArticle } from './templates';
export type { Render } from './worker';
