/** A file that a person hands over from their own machine. */
import { type ControlOptions, disabling, listener, withGetters } from './control';
import { createModel } from './model';
import { layout, staticHtml, style, type Widget, widget } from './widget';

/** A file as the front end gave it. */
export interface UploadedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface UploadOptions extends ControlOptions<UploadedFile> {
  /** What the file dialogue offers, such as `.png,.dcm` or `image/*`; all files where left out. */
  readonly accept?: string;
}

/** A button that opens a file dialogue. */
export interface Upload extends Widget {
  /** The file that was given last; undefined before the first. */
  readonly value: UploadedFile | undefined;
  disabled: boolean;
}

/** As the front end has it. */
type Given = readonly { readonly name: string; readonly content: Uint8Array }[];

/**
 * A file from the person's machine. It goes to the kernel whole, and is kept in its memory alone.
 *
 * @example upload({ label: 'Your image', accept: 'image/*', onChange: (file) => show(file) })
 */
export function upload({ label = 'File', accept = '', onChange }: UploadOptions = {}): Upload {
  const model = createModel(
    { module: 'controls', name: 'FileUpload' },
    {
      accept,
      multiple: false,
      description: label,
      disabled: false,
      icon: 'upload',
      button_style: '',
      error: '',
      value: [],
      tabbable: null,
      tooltip: null,
      layout: layout({ width: 'auto', min_width: '80px', align_self: 'flex-start' }),
      style: style('ButtonStyle'),
    },
  );
  const current = (): UploadedFile | undefined => {
    const [file] = model.state.value as Given;
    return file && { name: file.name, bytes: file.content };
  };
  const tell = listener(onChange);
  model.onChange = (changes) => {
    const file = 'value' in changes ? current() : undefined;
    return file && tell?.(file);
  };
  const shown = (): string => current()?.name ?? 'none';
  return widget(
    { model, html: () => staticHtml(label, shown()), text: () => `[${label}: ${shown()}]` },
    withGetters(
      {
        get value() {
          return current();
        },
      },
      disabling(model),
    ),
  );
}
