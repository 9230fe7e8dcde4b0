/** The checkers that `roentgen verify` knows, one line a component; adding a component is adding a line. */

import type { Checker } from './checker';
import { metricsImagesChecker } from './metrics-images';
import { pipelineChecker } from './pipeline';
import { schedulersChecker } from './schedulers';
import { textClipChecker } from './text-clip';
import { tokenizersChecker } from './tokenizers';
import { trainingChecker } from './training';
import { unetChecker } from './unet';
import { vaeChecker } from './vae';

export const checkers: readonly Checker[] = [
  metricsImagesChecker,
  pipelineChecker,
  schedulersChecker,
  textClipChecker,
  tokenizersChecker,
  trainingChecker,
  unetChecker,
  vaeChecker,
];
