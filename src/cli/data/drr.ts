/** `roentgen data drr CT`: a radiograph of a CT volume, as a PNG that says how it was projected. */

import { type Command, Option } from 'commander';
import { type Drr, type DrrOptions, type DrrView, radiographOf } from '../../datasets';
import { readCt } from '../../files';
import { writeSynthetic } from '../../files/internal';
import { asUsage, type Context, UsageError } from '../context';
import { numberIn, wholeNumber } from '../numbers';

interface Flags {
  out: string;
  view?: DrrView;
  angle?: number;
  size: number;
  mode: NonNullable<DrrOptions['mode']>;
  threshold?: number;
  exposure?: number;
  noise?: number;
  seed?: number;
  json?: boolean;
}

/** Of the physical mode, and of the published one: each has no use in the other. */
const OF_MODE = { physical: ['exposure', 'noise', 'seed'], published: ['threshold'] } as const;

/** The subcommand's arguments, options and action. */
export function addDrr(command: Command, context: Context): void {
  command
    .description('project a CT volume as a chest radiograph (digitally reconstructed radiograph); not for diagnosis')
    .argument('<ct>', 'a folder of DICOM slices of one series, or a .nii or .nii.gz file, in Hounsfield units')
    .requiredOption('--out <file>', 'the PNG to write')
    .addOption(new Option('--view <view>', 'how the rays go through the patient').choices(['pa', 'ap', 'lateral', 'oblique']).default('pa'))
    .addOption(
      new Option(
        '--angle <degrees>',
        "in place of a view: the source's way round the patient, from 0 in front over 90 at the patient's left",
      )
        .argParser(numberIn(-360, 360))
        .conflicts('view'),
    )
    .option('--size <n>', 'width and height in pixels', wholeNumber(16), 512)
    .addOption(
      new Option('--mode <mode>', 'physical: attenuation, scatter, noise, display; published: the arithmetic and geometry of DRR-RATE')
        .choices(['physical', 'published'])
        .default('physical'),
    )
    .option('--exposure <steps>', 'physical: darker (to 4) or lighter (to -4) than usual', numberIn(-4, 4))
    .option('--noise <times>', "physical: noise relative to a usual dose's; 0 for none", numberIn(0, 100))
    .option('--seed <n>', 'physical: what the noise follows from', wholeNumber(0))
    .option('--threshold <hu>', 'published: HU that count from here; -100 by default, as in DRR-RATE', numberIn(-10000, 10000))
    .option('--json', 'print {out, mode, width, height, azimuth, sourceToDetector, sourceToCentre, pixel} as JSON')
    .addHelpText(
      'after',
      "\nFrontal views have the patient's right on the left, lateral has the front on the right (published: on the left). Distances and pixels are in mm.",
    )
    .action((ct: string, flags: Flags) => drr(ct, flags, context));
}

async function drr(ct: string, flags: Flags, context: Context): Promise<void> {
  const { out, view, angle, size, mode, threshold, exposure, noise, seed } = flags;
  if (!/\.png$/i.test(out)) throw new UsageError(`data drr: --out: expected a file ending in .png, got ${out}`);
  const useless = OF_MODE[mode === 'physical' ? 'published' : 'physical'].find((name) => flags[name] !== undefined);
  if (useless) throw new UsageError(`data drr: --${useless} has no effect in the mode ${mode}`);
  const volume = await readCt(ct);
  const options = { view: angle ?? view, size, mode, threshold, exposure, noise, seed, signal: context.signal };
  const image = await asUsage('data drr', () => radiographOf(volume, options));
  const { width, height, pixels, ...geometry } = image;
  await writeSynthetic(
    out,
    { width, height, channels: 1, pixels },
    { Comment: 'projected from computed tomography, not for diagnosis', Projection: JSON.stringify({ mode, ...geometry }) },
  );
  if (flags.json) context.print(JSON.stringify({ out, mode, width, height, ...geometry }));
  else context.print(`${out}: ${width} × ${height}, ${describe(image)}`);
}

const describe = ({ azimuth, sourceToDetector, sourceToCentre, pixel }: Drr): string =>
  `${azimuth}° from AP, source ${Math.round(sourceToCentre)} mm from the middle and ${Math.round(sourceToDetector)} mm from the detector, ${pixel.toFixed(2)} mm a pixel`;
