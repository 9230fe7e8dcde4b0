/** A run's figures by name, as `summary.json` holds them. */

import { join } from 'node:path';
import type { EngineInfo } from '../engine';
import { memoryUse } from '../engine/internal';
import { writeJson } from '../files';
import { libraryVersion } from '../files/internal';
import type { AurocByFinding, SideAccuracy } from '../metrics';

/** Figures of a quickstart run. */
export interface Summary {
  /** Library and device. */
  readonly engine: string;
  readonly minutes: number;
  /** Autoencoder and diffusion model together. */
  readonly trainMinutes: number;
  readonly peakRssMiB: number;
  /** Images trained on. */
  readonly images: number;
  /** Of the diffusion model. */
  readonly steps: number;
  /** Last losses, means of the last tenth of the steps. */
  readonly losses: { readonly vae: number; readonly diffusion: number };
  /** Distance to real images of patients not trained on: of images from an untrained U-Net, … */
  readonly fidBefore: number;
  /** … of those from the model that training started from, where it did, … */
  readonly fidStart?: number;
  /** … after training, … */
  readonly fidAfter: number;
  /** … and of real images of further patients: what sampling alone makes. */
  readonly fidReal: number;
  readonly aurocGenerated: AurocByFinding;
  readonly aurocReal: AurocByFinding;
  /** Fraction of sided findings shown on the side asked for; null where texts name no sides. */
  readonly sideAccuracy: number | null;
  readonly sideByFinding: SideAccuracy['byFinding'];
  /**
   * Shares of images that fresh networks tell right, 0.5 being chance, with 95% intervals: generated from real ones, and real ones of other patients from real
   * ones. Absent where there are too few. It sees what the distance above may not: that distance is in features of findings.
   */
  readonly toldFromReal?: Readonly<Record<'generated' | 'real', Readonly<Record<'value' | 'low' | 'high', number>>>>;
  readonly seed: number;
  /** What was left out of the data, and what is cut: one sentence each, with counts. */
  readonly notes: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
}

/** What `summarise` adds by itself. */
type Added = 'engine' | 'peakRssMiB' | 'versions';

/** Completes the figures with engine, memory and versions and writes them to `<folder>/summary.json`. */
export async function summarise(folder: string, engine: EngineInfo, figures: Omit<Summary, Added>): Promise<Summary> {
  const summary: Summary = {
    engine: `${engine.library}, ${engine.device}, ${engine.threads} threads`,
    ...figures,
    peakRssMiB: Math.round(memoryUse().peakRssMiB),
    versions: { 'roentgen-lab': libraryVersion, node: process.versions.node, engine: engine.library },
  };
  await writeJson(join(folder, 'summary.json'), summary);
  return summary;
}
