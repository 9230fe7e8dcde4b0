import type { Application, NotebookTracker, Packages, Plugin, Services } from './jupyterlab.js';

const command = 'roentgen-lab:save-report';

/** A page with a picture and lines of text. */
const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3" fill="#616161" d="M6 2h9l5 5v13a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V4c0-1.1.9-2 2-2zm0 2v16h12V8h-4V4zm2 7h8v4H8zm0 5.5h8V18H8z"/></svg>`;

/** What `exportNotebook` of roentgen-lab/display tells of a page. */
interface Summary {
  readonly bytes: number;
  readonly cells: number;
  readonly figures: number;
  readonly errors: number;
}

/**
 * Writes the page of a saved notebook beside it. A kernel of its own does it, so that it needs nothing of the notebook's: that may
 * be busy, another one, or not there at all.
 *
 * @param path  of the notebook, as the server knows it
 * @param onStart  is called when the kernel has started; the page takes seconds from there
 */
async function writePage({ kernels }: Services, path: string, name: string, onStart: () => void): Promise<Summary> {
  const kernel = await kernels.startNew({ name: 'roentgen', path }, { handleComms: false }); // it starts in the notebook's folder
  try {
    onStart();
    // A require, which the kernel's compiler need not look into.
    const code = `console.log(JSON.stringify(await require('roentgen-lab/display').exportNotebook(${JSON.stringify(name)})))`;
    const execution = kernel.requestExecute({ code, store_history: false });
    let printed = '';
    execution.onIOPub = ({ header, content }) => {
      if (header.msg_type === 'stream' && content.name === 'stdout') printed += content.text;
    };
    const { content } = await execution.done;
    if (content.status !== 'ok') throw new Error(String(content.evalue ?? 'the kernel ended'));
    return JSON.parse(printed) as Summary;
  } finally {
    // The page is written; a kernel that ended meanwhile is no reason to say that it is not.
    await kernel.shutdown().catch(() => undefined);
    kernel.dispose();
  }
}

function describe(page: string, { bytes, cells, figures, errors }: Summary): string {
  const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
  const held = [count(cells, 'cell'), count(figures, 'interactive plot'), ...(errors > 0 ? [count(errors, 'error')] : [])];
  const size = bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  return `${page} is saved beside the notebook: ${held.join(', ')}, ${size}`;
}

/** *File → Save Report*, and its button: the notebook with its outputs as one page that opens offline, as `roentgen report` writes it. */
export function saveReport({ apputils: { Notification }, notebook, components: { LabIcon } }: Packages): Plugin {
  async function save({ serviceManager: services, commands }: Application, { currentWidget }: NotebookTracker): Promise<void> {
    if (!currentWidget) return;
    const { context } = currentWidget;
    await context.save(); // says itself what keeps it from that
    const path = services.contents.localPath(context.path);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const page = name.replace(/\.ipynb$/, '.html');
    // JupyterLab loses an update that comes before the message is drawn. A refused start comes so soon: it has a message of its own.
    let writing: string | undefined;
    try {
      const summary = await writePage(services, path, name, () => {
        writing = Notification.emit(`Writing ${page} …`, 'in-progress', { autoClose: false });
      });
      const address = await services.contents.getDownloadUrl(context.path.slice(0, -name.length) + page);
      const open = { label: `Open ${page}`, callback: (): void => void window.open(address, '_blank', 'noopener') };
      Notification.update({ id: writing!, message: describe(page, summary), type: 'success', autoClose: 20_000, actions: [open] });
      if (commands.hasCommand('filebrowser:refresh')) await commands.execute('filebrowser:refresh');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `${page} was not written: ${reason}. In a terminal: npx roentgen report ${name}`;
      if (writing === undefined) Notification.emit(message, 'error', { autoClose: false });
      else Notification.update({ id: writing, message, type: 'error', autoClose: false });
    }
  }

  return {
    id: 'roentgen-lab:report',
    description: 'Saves a notebook with its outputs as one page that opens offline.',
    autoStart: true,
    requires: [notebook.INotebookTracker],
    activate(app: Application, tracker: NotebookTracker) {
      app.commands.addCommand(command, {
        label: ({ toolbar }) => (toolbar ? '' : 'Save Report'),
        caption: 'Save the notebook with its outputs as one HTML page that opens offline',
        icon: new LabIcon({ name: command, svgstr: drawing }),
        isEnabled: () => tracker.currentWidget !== null && tracker.currentWidget === app.shell.currentWidget,
        execute: () => save(app, tracker),
      });
      tracker.currentChanged.connect(() => app.commands.notifyCommandChanged(command));
    },
  };
}
