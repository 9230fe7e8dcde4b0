/** Grey images and projection: resampling, contrast, blur, ray sums of solids, tubes and volumes, exposure and display. */

export { gaussianBlur } from './blur';
export { type Body, findBody, type VoxelBounds } from './body';
export { type ClaheOptions, clahe } from './clahe';
export { autocontrast, equaliseHistogram, equaliseLevels, gamma, percentile, rescalePercentiles } from './contrast';
export { centreCrop, type ImageSize, sizeForSide } from './crop';
export { addQuantumNoise, detect, develop, downsample, type Exposure } from './exposure';
export { channelPlanes, luma } from './luma';
export { addPlate } from './plates';
export { projectVolume, sharedFloats } from './project-volume';
export { type ConeGeometry, coneRays, parallelRays, type Rays } from './rays';
export { type GreyImage, type ResizeFilter, resize } from './resize';
export { addSolid, type Ellipsoid, halfChord, SLICE, type Slices, type Solid, type Stack, slice } from './solids';
export { makeNoiseTile, type NoiseTile, sampleNoise } from './texture';
export { type RaySum, traceRows, type VoxelGrid } from './trace';
export { addRods, addTube, ROD, smoothCurve, type Tube } from './tubes';
export { columnToU, type Grid, magnification, makeView, project, rowToV, uToColumn, type Vec3, type View, vToRow } from './view';
