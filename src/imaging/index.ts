/** Grey images and projection: resampling, blur, ray sums of solids and tubes, exposure and display. */

export { gaussianBlur } from './blur';
export { addQuantumNoise, detect, develop, downsample, type Exposure } from './exposure';
export { addPlate } from './plates';
export { type GreyImage, type ResizeFilter, resize } from './resize';
export { addSolid, type Ellipsoid, halfChord, SLICE, type Slices, type Solid, type Stack, slice } from './solids';
export { makeNoiseTile, type NoiseTile, sampleNoise } from './texture';
export { addRods, addTube, ROD, smoothCurve, type Tube } from './tubes';
export { columnToU, type Grid, magnification, makeView, project, rowToV, uToColumn, type Vec3, type View, vToRow } from './view';
