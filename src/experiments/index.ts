/** Recipes, what they train, the folders they leave, and the tables made of them. */

export * from './autoencoder-row';
export * from './encoder-recipe';
export * from './estimate-memory';
export * from './event-file';
export * from './fit';
export * from './init-model';
export * from './kept-classifier';
export * from './kept-model';
export * from './recipe';
export * from './run';
export * from './run-folder';
export * from './run-report';
export * from './strategy-bench';
export * from './summary';
export * from './training-card';
