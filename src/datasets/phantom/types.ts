/** What a phantom study is made of: a patient, a projection, findings with place and severity. */

export type Side = 'left' | 'right';
export type Projection = 'PA' | 'AP' | 'LATERAL';
export type Zone = 'upper' | 'mid' | 'lower';
/** Of one lung; the left has no middle lobe. */
export type Lobe = 'upper' | 'middle' | 'lower';
/** 0 small or mild, 1 moderate, 2 large or severe. */
export type Grade = 0 | 1 | 2;

/** Everything a phantom can show, in a fixed order. */
export const PHANTOM_FINDINGS = [
  'effusion',
  'pneumothorax',
  'consolidation',
  'nodule',
  'pacemaker',
  'cardiomegaly',
  'edema',
  'endotracheal tube',
  'pneumonia',
  'atelectasis',
  'pleural thickening',
  'widened mediastinum',
  'hiatal hernia',
  'fracture',
  'hyperinflation',
  'central line',
  'feeding tube',
  'chest tube',
  'sternal wires',
] as const;

export type FindingKind = (typeof PHANTOM_FINDINGS)[number];

/** One finding of one study. A finding on both sides has two entries. */
export interface Finding {
  readonly kind: FindingKind;
  readonly grade: Grade;
  /** 0..1 within the grade. */
  readonly amount: number;
  /** The patient's side; absent for what lies in the middle or on both sides by nature. */
  readonly side?: Side;
  readonly zone?: Zone;
  readonly lobe?: Lobe;
  /** Place within zone or lobe, each -1..1. */
  readonly place: readonly [number, number, number];
  /** Seed of its random details. */
  readonly detail: number;
}

/** A person: what does not change between studies. Lengths are factors of an average adult's where no unit is given. */
export interface Patient {
  readonly index: number;
  readonly sex: 'M' | 'F';
  /** Years at the first study. */
  readonly age: number;
  /** Body mass index, kg/m². */
  readonly bmi: number;
  readonly size: number;
  readonly chestWidth: number;
  readonly chestHeight: number;
  readonly chestDepth: number;
  readonly heart: number;
  /** cm. */
  readonly aortaShift: number;
  readonly kyphosis: number;
  /** Sideways bend of the spine, cm. */
  readonly scoliosis: number;
  readonly ribSlope: number;
  readonly boneDensity: number;
  /** Breast size, 0..1. */
  readonly breast: number;
  /** How much higher the right dome of the diaphragm is, cm. */
  readonly domeDifference: number;
  /** Seed of vessels and texture. */
  readonly detail: number;
}

/** One radiograph: patient, technique, findings. */
export interface Study {
  readonly patient: Patient;
  /** 0 is the patient's first. */
  readonly number: number;
  /** Years, at this study. */
  readonly age: number;
  /** Days since the study before; absent for the first. */
  readonly daysSincePrior?: number;
  readonly view: Projection;
  /** -1 poor .. 1 deep. */
  readonly inspiration: number;
  /** Turn of the patient, radians. */
  readonly rotation: number;
  /** Standard normal: below 0 light, above 0 dark. */
  readonly exposure: number;
  readonly findings: readonly Finding[];
  /** Findings of the study before. */
  readonly prior?: readonly Finding[];
  /** Framed and exposed alike, without markers and shutters: what a small model learns first. */
  readonly plain: boolean;
  /** Seed of position, collimation and noise. */
  readonly detail: number;
}

/** -1 for the patient's right (negative x), 1 for the left. */
export function sign(side: Side): -1 | 1 {
  return side === 'left' ? 1 : -1;
}

/** A finding's severity from 0 to 1 over all grades. */
export function severity(finding: Finding): number {
  return (finding.grade + finding.amount) / 3;
}
