/** The classifier of findings that images are measured with: a given folder's, or one trained on the training part. */

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { dispose } from '../../engine';
import { FileError } from '../../files';
import { hashFiles } from '../../files/internal';
import { type HeadsNetwork, presenceHeads, UNKNOWN } from '../../training/internal';
import { loadDenseNet, xrvFindings } from '../../vision';
import type { Bench } from '../bench';
import { realImages } from '../image-set';
import { classifierScale, HEADS, keptClassifierOf, loadHeads, savedSize, XRV_SIZES } from './image-classifier';

/** A classifier, and how images come to it. */
export interface ChestClassifier {
  /** The caller disposes its parameters. */
  readonly network: HeadsNetwork;
  /** Pixels a side that it sees. */
  readonly size: number;
  /** Network, weights and preprocessing, in a sentence. */
  readonly definition: string;
  readonly identity: string;
}

const PREPROCESSING = `images of at most ${XRV_SIZES.side} pixels a side, the square in the middle`;

/** Images that a quick classifier is trained on. */
const QUICK_IMAGES = 1500;

/** How many images of the training part evaluations' classifiers are trained on. */
export const trainingImages = ({ quick, train }: Pick<Bench, 'quick' | 'train'>): number =>
  quick ? Math.min(QUICK_IMAGES, train.length) : train.length;

/**
 * The bench's `chest` network, or one that is trained on real images of the training part and kept.
 *
 * @throws FileError where a given folder's outputs have no names; RangeError where the training part has no labels
 */
export async function chestClassifier(bench: Bench): Promise<ChestClassifier> {
  return bench.networks.chest === undefined ? trained(bench) : given(bench.networks.chest);
}

async function given(folder: string): Promise<ChestClassifier> {
  const named = existsSync(join(folder, HEADS));
  const size = named ? await savedSize(folder) : XRV_SIZES.network;
  const definition = `the network of ${basename(folder)}; ${PREPROCESSING}, then ${size}`;
  const identity = await hashFiles(folder, ['config.json', 'model.safetensors']);
  if (named) return { network: await loadHeads(folder), size, definition, identity };
  const { config, params } = await loadDenseNet(folder);
  if (config.num_classes !== xrvFindings.length || config.in_channels !== 1) {
    dispose(params);
    throw new FileError(
      folder,
      `has ${config.num_classes} outputs of ${config.in_channels} channels; expected TorchXRayVision's ${xrvFindings.length} of one, or a ${HEADS} that names them: {"kind": "densenet", "size": 224, "heads": [{"name": "Effusion", "answers": ["absent", "present"]}, …]}`,
    );
  }
  const network: HeadsNetwork = { net: { kind: 'densenet', config }, params, heads: presenceHeads(xrvFindings) };
  return { network, size, definition, identity };
}

async function trained(bench: Bench): Promise<ChestClassifier> {
  const images = await realImages(bench, 'train', trainingImages(bench));
  const findings = bench.train.findings.filter((finding) => images.records.some(({ labels }) => labels[finding] !== undefined));
  if (findings.length === 0)
    throw new RangeError(`classifier: ${bench.data}: the training part has no labels to train on; give a network (--chest)`);
  const heads = presenceHeads(findings);
  const answers = Int8Array.from(images.records.flatMap(({ labels }) => findings.map((finding) => labels[finding] ?? UNKNOWN)));
  const { network, identity } = await keptClassifierOf(bench, { name: 'chest', heads, images, answers });
  const scale = classifierScale(bench);
  const definition = `${scale.definition}, trained on ${images.records.length} real images of the training part at ${scale.size} pixels with masked binary cross-entropy`;
  return { network, size: scale.size, definition, identity };
}
