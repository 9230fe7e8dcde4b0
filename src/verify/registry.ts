/** The checkers that `roentgen verify` knows, one line a component; adding a component is adding a line. */

import { bridgeChecker } from './bridge';
import type { Checker } from './checker';
import { contrastiveChecker } from './contrastive';
import { decoderChecker } from './decoder';
import { decoderGgufChecker } from './decoder-gguf';
import { drrChecker } from './drr';
import { editingChecker } from './editing';
import { imagesChecker } from './images';
import { imagesDicomChecker } from './images-dicom';
import { metricsClassificationChecker } from './metrics-classification';
import { metricsFeaturesChecker } from './metrics-features';
import { metricsImagesChecker } from './metrics-images';
import { metricsRetrievalChecker } from './metrics-retrieval';
import { metricsTextChecker } from './metrics-text';
import { performerChecker } from './performer';
import { pipelineChecker } from './pipeline';
import { pretrainedChecker } from './pretrained';
import { probesChecker } from './probes';
import { radGraphChecker } from './radgraph';
import { reportsChecker } from './reports';
import { reportsStatisticsChecker } from './reports-statistics';
import { schedulersChecker } from './schedulers';
import { textClipChecker } from './text-clip';
import { textOthersChecker } from './text-others';
import { tokenizersChecker } from './tokenizers';
import { trainingChecker } from './training';
import { unetChecker } from './unet';
import { vaeChecker } from './vae';
import { visionChecker } from './vision';
import { visionByRuleChecker } from './vision-by-rule';
import { vqChecker } from './vq';

export const checkers: readonly Checker[] = [
  bridgeChecker,
  contrastiveChecker,
  decoderGgufChecker,
  decoderChecker,
  drrChecker,
  editingChecker,
  imagesChecker,
  imagesDicomChecker,
  metricsClassificationChecker,
  metricsFeaturesChecker,
  metricsImagesChecker,
  metricsRetrievalChecker,
  metricsTextChecker,
  performerChecker,
  pipelineChecker,
  pretrainedChecker,
  probesChecker,
  radGraphChecker,
  reportsChecker,
  reportsStatisticsChecker,
  schedulersChecker,
  textClipChecker,
  textOthersChecker,
  tokenizersChecker,
  trainingChecker,
  unetChecker,
  vaeChecker,
  visionChecker,
  visionByRuleChecker,
  vqChecker,
];
