/** The historical cases of a run as files: what the search compares, and what is read of the case that it finds. */

import { join } from 'node:path';
import { FileError, readObject, readSafetensors, writeJson, writeSafetensors } from '../../files';
import { checkSettings, is, type ShapeOf } from '../../files/internal';
import type { SeiStudy } from './annotation';
import type { CaseFeatures } from './similar-cases';

/** Of a historical study what is needed where it helps another. */
export type HistoryCase = Pick<SeiStudy, 'id' | 'report' | 'core_findings'>;

export interface History {
  readonly cases: readonly HistoryCase[];
  /** Of their images, in their order. */
  readonly features: CaseFeatures;
}

const [CASES, FEATURES] = ['cases.json', 'features.safetensors'];

type File = { readonly studies: readonly string[]; readonly cases: readonly HistoryCase[] };
const SHAPE: ShapeOf<File> = {
  studies: is.list(is.text),
  cases: is.list(is.object),
};

/** @throws FileError where it cannot be written */
export async function writeHistory(folder: string, { cases, features: { values, width, studies } }: History): Promise<void> {
  await writeSafetensors(join(folder, FEATURES!), { features: { shape: [studies.length, width], data: values } });
  const kept = cases.map(({ id, report, core_findings }) => ({ id, report, core_findings }));
  await writeJson(join(folder, CASES!), { studies, cases: kept });
}

/** @throws FileError where a file is missing, or the two do not fit */
export async function readHistory(folder: string): Promise<History> {
  const { studies, cases } = await readObject<File>(join(folder, CASES!), (file) => checkSettings(CASES!, file, SHAPE));
  const path = join(folder, FEATURES!);
  const { features } = await readSafetensors(path);
  if (
    features === undefined ||
    !(features.data instanceof Float32Array) ||
    features.shape[0] !== studies.length ||
    cases.length !== studies.length
  )
    throw new FileError(path, `expected features of ${studies.length} images, those of ${CASES}`);
  return { cases, features: { values: features.data, width: features.shape[1]!, studies } };
}
