/** `roentgen drr CT…`: radiographs of CT volumes, as one picture or as a tree in DRR-RATE's layout. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Drr, type DrrMode, radiographOf } from '../datasets';
import { progress } from '../display';
import { type RowsPart, readCt } from '../files';
import { claimFolder, writeSynthetic } from '../files/internal';
import { type DrrTreeOptions, NOT_TAKEN, parseViews, type TreeView, writeDrrTree } from '../systems';
import { asUsage, type Context, exitCodes, Interrupted, UsageError } from './context';
import { numberIn, partOf, wholeNumber } from './numbers';

interface Flags {
  out: string;
  views: TreeView[];
  size: number;
  mode: DrrMode;
  threshold?: number;
  exposure?: number;
  noise?: number;
  seed?: number;
  part?: DrrTreeOptions['part'];
  labels?: string;
  reports?: string;
  metadata?: string;
  shard?: RowsPart;
  merge?: boolean;
  json?: boolean;
}

/** Of the physical mode, and of DRR-RATE's: each has no use in the other. */
const OF_MODE = { physical: ['exposure', 'noise', 'seed'], 'drr-rate': ['threshold'] } as const;

/** Of a tree alone. */
const OF_TREE = ['part', 'labels', 'reports', 'metadata', 'shard', 'merge'] as const;

/** The command's arguments, options and action. */
export function addDrr(command: Command, context: Context): void {
  command
    .argument('<ct...>', 'folders of DICOM slices of one series each, or .nii or .nii.gz files, in Hounsfield units')
    .requiredOption('--out <place>', "a folder for a tree in DRR-RATE's layout; or a .png file, for one view of one CT")
    .option(
      '--views <list>',
      "AP, PA, LATERAL, and others as oblique:30, degrees from 0 in front over 90 at the patient's left",
      viewsOf,
      viewsOf('AP,LATERAL'),
    )
    .addOption(
      new Option('--mode <mode>', 'drr-rate: the arithmetic and geometry of DRR-RATE; physical: attenuation, scatter, noise, display')
        .choices(['drr-rate', 'physical'])
        .default('drr-rate'),
    )
    .option('--size <n>', 'width and height in pixels', wholeNumber(16), 512)
    .option('--threshold <hu>', 'drr-rate: HU that count from here; -100 by default, as in the data set', numberIn(-10000, 10000))
    .option('--exposure <steps>', 'physical: darker (to 4) or lighter (to -4) than usual', numberIn(-4, 4))
    .option('--noise <times>', "physical: noise relative to a usual dose's; 0 for none", numberIn(0, 100))
    .option('--seed <n>', 'physical: what the noise follows from', wholeNumber(0))
    .addOption(
      new Option('--part <part>', "the part of volumes that are not named as CT-RATE's are; train by default").choices(['train', 'valid']),
    )
    .option('--labels <file>', "a table of labels about the volumes, such as CT-RATE's (VolumeName and the 18 labels)")
    .option('--reports <file>', 'a table of their texts (VolumeName, Findings_EN and others)')
    .option('--metadata <file>', 'a table of what else is known of them (VolumeName, PatientSex, PatientAge and others)')
    .option('--shard <I/N>', 'take the volumes of one of N processes alone, I from 0 to N - 1; all have the same list', partOf)
    .option('--merge', 'make nothing: write the tables of what all processes have made, and say which volumes are missing')
    .option('--json', 'print what was written as JSON')
    .addHelpText(
      'after',
      "\nFrontal views have the patient's right on the left; lateral has the front on the left (physical: on the right). A tree that was stopped goes on with the same command:" +
        '\nimages that are there stay. A volume that cannot be read is named and counted, the others go on, and the command ends with 1.' +
        '\nTo train on it: roentgen train RECIPE --data FOLDER, or roentgen drr-rate train.',
    )
    .action((volumes: string[], flags: Flags) =>
      /\.png$/i.test(flags.out) ? onePicture(volumes, flags, context) : tree(volumes, flags, context),
    );
}

function viewsOf(text: string): TreeView[] {
  try {
    return parseViews(text);
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

/** @throws UsageError for options of the other mode */
function projectingOf(flags: Flags): DrrTreeOptions['projecting'] {
  const { mode, size, threshold, exposure, noise, seed } = flags;
  const useless = OF_MODE[mode === 'physical' ? 'drr-rate' : 'physical'].find((name) => flags[name] !== undefined);
  if (useless) throw new UsageError(`drr: --${useless} has no effect in the mode ${mode}`);
  return mode === 'physical' ? { mode, size, exposure, noise, seed } : { mode, size, threshold: threshold ?? -100 };
}

async function onePicture(volumes: readonly string[], flags: Flags, context: Context): Promise<void> {
  const { out, views, json } = flags;
  const projecting = projectingOf(flags);
  const useless = OF_TREE.find((name) => flags[name] !== undefined);
  if (useless) throw new UsageError(`drr: --${useless} belongs to a tree; give a folder as --out`);
  const [ct, ...more] = volumes as [string, ...string[]];
  const [view, ...others] = views as [TreeView, ...TreeView[]];
  if (more.length > 0 || others.length > 0)
    throw new UsageError('drr: a .png file holds one view of one CT: name the view (--views PA), or give a folder as --out');
  const volume = await readCt(ct);
  const image = await asUsage('drr', () => radiographOf(volume, { ...projecting, view: view.view, signal: context.signal }));
  const { width, height, pixels, channels: _, ...geometry } = image;
  const { mode } = projecting;
  await writeSynthetic(
    out,
    { width, height, channels: 1, pixels },
    { Comment: NOT_TAKEN, Projection: JSON.stringify({ mode, ...geometry }) },
  );
  if (json) context.print(JSON.stringify({ out, mode, width, height, ...geometry }));
  else context.print(`${out}: ${width} × ${height}, ${describe(image)}`);
}

const describe = ({ azimuth, sourceToDetector, sourceToCentre, pixel }: Drr): string =>
  `${azimuth}° from AP, source ${Math.round(sourceToCentre)} mm from the middle and ${Math.round(sourceToDetector)} mm from the detector, ${pixel.toFixed(2)} mm a pixel`;

async function tree(volumes: readonly string[], flags: Flags, context: Context): Promise<void> {
  const { out, views, part = 'train', labels, reports, metadata, shard, merge, json } = flags;
  if (shard && merge) throw new UsageError('drr: --shard makes a part and --merge none; give one of them');
  const projecting = projectingOf(flags);
  claimFolder(out, 'radiographs of CT volumes', ['geometry']);
  const own = volumes.filter((_, i) => !shard || i % shard.count === shard.index).length;
  const bar = progress(own, 'CT volumes');
  const written = await asUsage('drr', () =>
    writeDrrTree({
      volumes,
      out,
      views,
      projecting,
      part,
      tables: { ...(labels && { labels }), ...(reports && { reports }), ...(metadata && { metadata }) },
      ...(shard && { shard }),
      ...(merge && { merge }),
      signal: context.signal,
      onProgress: (done) => bar.update(done),
      onFailure: ({ path, why }) => context.say(`${path}: ${why}`),
    }),
  )
    .catch((error: unknown) => {
      if (context.signal.aborted) throw new Interrupted('drr: interrupted; the same command goes on');
      throw error;
    })
    .finally(() => bar.end());
  const { failures } = written;
  if (failures.length > 0) context.endWith(exitCodes.failed);
  if (json) {
    context.print(JSON.stringify({ out, ...written }));
    return;
  }
  context.print(
    `${out}: ${written.written} images written, ${written.kept} were there; ${failures.length} of ${written.volumes} volumes failed; not for diagnosis`,
  );
}
