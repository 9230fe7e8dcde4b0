/** DRR-RATE's names: of its labels, and of its images, which are named as CT-RATE's volumes are. */

/** The 18 labels, in the order of the tables' columns. */
export const DRR_RATE_LABELS = [
  'Medical material',
  'Arterial wall calcification',
  'Cardiomegaly',
  'Pericardial effusion',
  'Coronary artery wall calcification',
  'Hiatal hernia',
  'Lymphadenopathy',
  'Emphysema',
  'Atelectasis',
  'Lung nodule',
  'Lung opacity',
  'Pulmonary fibrotic sequela',
  'Pleural effusion',
  'Mosaic attenuation pattern',
  'Peribronchial thickening',
  'Consolidation',
  'Bronchiectasis',
  'Interlobular septal thickening',
] as const;

export type DrrRateLabel = (typeof DRR_RATE_LABELS)[number];

/** The parts, as folders and tables name them. */
export type DrrRatePart = 'train' | 'valid';

export const drrRateParts: readonly DrrRatePart[] = ['train', 'valid'];

/** What an image's name says. */
export interface DrrRateName {
  readonly part: DrrRatePart;
  /** `train_1`. */
  readonly patient: string;
  /** `train_1_a`. */
  readonly scan: string;
  /** `train_1_a_1`: patient, scan, reconstruction. */
  readonly image: string;
}

/** Reads `train_1_a_1`, with folders before it and the ending of an image or a volume behind it or not; undefined for any other name. */
export function parseDrrRateName(path: string): DrrRateName | undefined {
  const [, image, scan, patient, part] = /(?:^|[\\/])((((train|valid)_\d+)_[a-z]+)_\d+)(?:\.png|\.nii|\.nii\.gz)?[\\/]?$/.exec(path) ?? [];
  return part === undefined ? undefined : { part: part as DrrRatePart, patient: patient!, scan: scan!, image: image! };
}

/** Where an image lies in the data set's folder, such as `train/AP/train_1/train_1_a/train_1_a_1.png`. */
export const drrRatePlace = ({ part, patient, scan, image }: DrrRateName, view: string): string =>
  `${part}/${view}/${patient}/${scan}/${image}.png`;

/** The tables of a part, by what they hold: labels as the data set's code names them, texts and metadata as CT-RATE does. */
export const drrRateTables = (part: DrrRatePart): Readonly<Record<'labels' | 'reports' | 'metadata', string>> => {
  const whole = part === 'valid' ? 'validation' : part;
  return {
    labels: `multi_abnormality_labels/${part}_predicted_labels.csv`,
    reports: `radiology_text_reports/${whole}_reports.csv`,
    metadata: `metadata/${whole}_metadata.csv`,
  };
};

/** The columns of texts. */
export const DRR_RATE_TEXTS = ['ClinicalInformation_EN', 'Technique_EN', 'Findings_EN', 'Impressions_EN'] as const;
