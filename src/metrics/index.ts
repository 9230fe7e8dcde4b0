/** Distances between sets of pictures, and whether pictures show what was asked for. */

export * from './auroc';
export * from './classifier';
export * from './classify';
export * from './evaluate';
export * from './frechet';
export * from './kept-classifier';
export * from './measure-strategy';
export * from './ssim';
export * from './summary';
export * from './train-classifier';
