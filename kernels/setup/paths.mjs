// Where set-up puts things. Each stage's stamp lies inside of what it describes, so that deleting the one deletes the other.

import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));
export const venv = join(root, '.venv');
export const venvPython = join(venv, 'bin', 'python');
export const modules = join(root, 'node_modules');
export const addonPackage = join(modules, '@tensorflow', 'tfjs-node-gpu');
export const addon = join(addonPackage, 'lib', 'napi-v8', 'tfjs_binding.node');
export const kernelFolder = join(venv, 'share', 'jupyter', 'kernels');
export const labExtensionFolder = join(venv, 'share', 'jupyter', 'labextensions', 'roentgen-lab');
export const launcher = join(root, 'build', 'kernels', 'launcher', 'main.js');
export const cache = join(root, '.cache');
