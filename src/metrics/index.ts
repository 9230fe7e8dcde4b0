/** Distances between sets of images, and whether images show what was asked for. */

export * from './auroc';
export * from './classifier';
export * from './classify';
export * from './evaluate';
export * from './frechet';
export * from './perceptual';
export * from './reconstruction';
export * from './ssim';
