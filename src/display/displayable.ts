import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { type BundleMetadata, displayHost, type MimeBundle } from './host';

/** A notebook kernel calls the method of this name on a cell's last expression to get the bundle that it shows. */
export const jupyterDisplay: unique symbol = Symbol.for('Jupyter.display');

/** A kernel that knows it reads the bundle's metadata (sizes of pictures) from the method of this name. */
export const jupyterMetadata: unique symbol = Symbol.for('roentgen.metadata');

/** Something that shows itself: as a cell's last expression, with show(), or as text in a terminal. */
export interface Displayable {
  /** All its forms by MIME type. A draft is one quick form beside text, for displays that are about to change again. */
  bundle(draft?: boolean): MimeBundle;
  /** What front ends are told beside the bundle. */
  metadata(): BundleMetadata;
  /** Shows it here and now. */
  show(): void;
  [jupyterDisplay](): MimeBundle;
  [jupyterMetadata](): BundleMetadata;
}

/** The methods that every displayable shares, around its own bundle. The bundle is made once, when it is first needed. */
export function displayable(make: (draft: boolean) => MimeBundle, metadata: () => BundleMetadata = () => ({})): Displayable {
  let finalBundle: MimeBundle | undefined;
  const bundle = (draft = false): MimeBundle => {
    if (draft) return finalBundle ?? make(true);
    finalBundle ??= make(false);
    return finalBundle;
  };
  const item = {
    bundle,
    metadata,
    show: () => displayHost().display(bundle(), metadata()),
    [jupyterDisplay]: () => bundle(),
    [jupyterMetadata]: metadata,
  };
  // console.log in a terminal, and stock tslab's echo of the last expression, print the text form.
  Object.defineProperty(item, inspect.custom, { value: () => String(make(true)['text/plain'] ?? ''), enumerable: false });
  return item;
}

/** A new name for a display that will be updated in place. */
export function newDisplayId(): string {
  return `roentgen-${randomUUID()}`;
}
