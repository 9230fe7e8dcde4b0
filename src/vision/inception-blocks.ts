/** The layout of FID's Inception v3 as a table: what each block convolves and pools. */

/** A convolution without bias, a batch norm and a ReLU. */
export interface ConvStep {
  readonly name: string;
  readonly outputs: number;
  readonly kernel: readonly [height: number, width: number];
  readonly stride: number;
  readonly padding: readonly [rows: number, columns: number];
}

/** Convolutions one after the other; where there are `ends`, each of them sees what comes out, and all are kept. */
export interface Branch {
  readonly steps: readonly ConvStep[];
  readonly ends?: readonly ConvStep[];
}

/** Branches beside each other, and behind them one that pools windows of 3 × 3; their outputs are put together. */
export interface Block {
  readonly name: string;
  readonly branches: readonly Branch[];
  readonly pool: { readonly kind: 'average' | 'max'; readonly stride: 1 | 2; readonly projection?: ConvStep };
}

const MAX_POOL = { name: 'pool' } as const;

/** A convolution that keeps the map's size. */
function conv(name: string, outputs: number, height: number = 1, width: number = height): ConvStep {
  return { name, outputs, kernel: [height, width], stride: 1, padding: [(height - 1) / 2, (width - 1) / 2] };
}

/** A 3 × 3 convolution without borders. */
const inner = (name: string, outputs: number, stride: 1 | 2): ConvStep => ({ name, outputs, kernel: [3, 3], stride, padding: [0, 0] });

export const STEM: readonly (ConvStep | typeof MAX_POOL)[] = [
  inner('Conv2d_1a_3x3', 32, 2),
  inner('Conv2d_2a_3x3', 32, 1),
  conv('Conv2d_2b_3x3', 64, 3),
  MAX_POOL,
  conv('Conv2d_3b_1x1', 80),
  inner('Conv2d_4a_3x3', 192, 1),
  MAX_POOL,
];

/** Figure 5 of the paper. */
const fine = (name: string, pooled: number): Block => ({
  name,
  branches: [
    { steps: [conv('branch1x1', 64)] },
    { steps: [conv('branch5x5_1', 48), conv('branch5x5_2', 64, 5)] },
    { steps: [conv('branch3x3dbl_1', 64), conv('branch3x3dbl_2', 96, 3), conv('branch3x3dbl_3', 96, 3)] },
  ],
  pool: { kind: 'average', stride: 1, projection: conv('branch_pool', pooled) },
});

/** Figure 6. */
const long = (name: string, inside: number): Block => ({
  name,
  branches: [
    { steps: [conv('branch1x1', 192)] },
    { steps: [conv('branch7x7_1', inside), conv('branch7x7_2', inside, 1, 7), conv('branch7x7_3', 192, 7, 1)] },
    {
      steps: [
        conv('branch7x7dbl_1', inside),
        conv('branch7x7dbl_2', inside, 7, 1),
        conv('branch7x7dbl_3', inside, 1, 7),
        conv('branch7x7dbl_4', inside, 7, 1),
        conv('branch7x7dbl_5', 192, 1, 7),
      ],
    },
  ],
  pool: { kind: 'average', stride: 1, projection: conv('branch_pool', 192) },
});

/** Figure 7. */
const wide = (name: string, kind: 'average' | 'max'): Block => ({
  name,
  branches: [
    { steps: [conv('branch1x1', 320)] },
    { steps: [conv('branch3x3_1', 384)], ends: [conv('branch3x3_2a', 384, 1, 3), conv('branch3x3_2b', 384, 3, 1)] },
    {
      steps: [conv('branch3x3dbl_1', 448), conv('branch3x3dbl_2', 384, 3)],
      ends: [conv('branch3x3dbl_3a', 384, 1, 3), conv('branch3x3dbl_3b', 384, 3, 1)],
    },
  ],
  pool: { kind, stride: 1, projection: conv('branch_pool', 192) },
});

export const BLOCKS: readonly Block[] = [
  fine('Mixed_5b', 32),
  fine('Mixed_5c', 64),
  fine('Mixed_5d', 64),
  {
    name: 'Mixed_6a',
    branches: [
      { steps: [inner('branch3x3', 384, 2)] },
      { steps: [conv('branch3x3dbl_1', 64), conv('branch3x3dbl_2', 96, 3), inner('branch3x3dbl_3', 96, 2)] },
    ],
    pool: { kind: 'max', stride: 2 },
  },
  long('Mixed_6b', 128),
  long('Mixed_6c', 160),
  long('Mixed_6d', 160),
  long('Mixed_6e', 192),
  {
    name: 'Mixed_7a',
    branches: [
      { steps: [conv('branch3x3_1', 192), inner('branch3x3_2', 320, 2)] },
      {
        steps: [
          conv('branch7x7x3_1', 192),
          conv('branch7x7x3_2', 192, 1, 7),
          conv('branch7x7x3_3', 192, 7, 1),
          inner('branch7x7x3_4', 192, 2),
        ],
      },
    ],
    pool: { kind: 'max', stride: 2 },
  },
  wide('Mixed_7b', 'average'),
  wide('Mixed_7c', 'max'),
];
