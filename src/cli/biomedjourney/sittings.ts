/** Trainings of a run, each in a folder of its own, with a bar. */

import { join } from 'node:path';
import { progress } from '../../display';
import type { FitResult } from '../../experiments';
import { openRunFolder, type RunFolder } from '../../experiments/internal';
import type { JourneyRecipe, StageOptions } from '../../systems';
import { cutNotes } from '../../training/internal';
import { type Context, Interrupted } from '../context';

/** How each part went, by its name. */
export type Parts = Readonly<Record<string, { readonly steps: number; readonly seconds: number }>>;

export interface SittingsOptions {
  readonly command: string;
  readonly folder: string;
  readonly recipe: JourneyRecipe['model'];
  readonly context: Context;
  /** Called before the first step of each part. */
  readonly onBegin: () => Promise<void>;
  readonly note: (sentence: string) => void;
}

export class Sittings {
  private readonly done: Record<string, Parts[string]> = {};
  private readonly folders: RunFolder[] = [];

  constructor(private readonly about: SittingsOptions) {}

  get parts(): Parts {
    return this.done;
  }

  /** What a training is told of where it keeps its steps. */
  readonly options = (part: string, steps: number, batchSize: number): StageOptions => {
    const { folder, recipe, context, onBegin, note } = this.about;
    const run = openRunFolder(join(folder, part));
    this.folders.push(run);
    const bar = progress(steps, part);
    return {
      signal: context.signal,
      checkpoint: { folder: join(run.folder, 'checkpoints'), resume: 'always', keep: 2, every: recipe.run?.checkpoint_every ?? 250 },
      onStart: async (log) => {
        await onBegin();
        await run.begin(log);
      },
      onStep: (log) => {
        run.step(log, batchSize);
        bar.update(log.step, `loss ${log.loss.toFixed(3)}`);
        if (log.step === steps) bar.end();
      },
      onTexts: (cut) => cutNotes(cut).forEach(note),
    };
  };

  /** @throws Interrupted where the part was */
  readonly ended = (part: string, { interrupted, log, seconds }: FitResult): void => {
    if (interrupted)
      throw new Interrupted(`${this.about.command}: interrupted after step ${log.length} of ${part}; the same command goes on`);
    this.done[part] = { steps: log.length, seconds: Math.round(seconds) };
  };

  end(): void {
    for (const folder of this.folders) folder.end();
  }
}
