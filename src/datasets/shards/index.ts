export { namesShards, shardsIn } from './names';
export { openShards } from './open';
export { type PackedShards, type PackShardsOptions, packShards } from './pack';
