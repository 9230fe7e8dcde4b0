/** What the extension uses of JupyterLab 4's packages. None of them is installed here: JupyterLab hands them over (remote-entry.ts). */

/** A message on one of a kernel's channels. */
export interface KernelMessage {
  readonly header: { readonly msg_type: string };
  readonly content: { readonly [name: string]: unknown };
}

/** `Kernel.IKernelConnection` of @jupyterlab/services. */
export interface KernelConnection {
  requestExecute(content: { code: string; store_history: boolean }): {
    onIOPub: (message: KernelMessage) => void;
    readonly done: Promise<KernelMessage>;
  };
  shutdown(): Promise<void>;
  dispose(): void;
}

/** `ServiceManager.IManager` of @jupyterlab/services. */
export interface Services {
  readonly kernels: {
    startNew(model: { name: string; path: string }, options: { handleComms: boolean }): Promise<KernelConnection>;
  };
  readonly contents: {
    getDownloadUrl(path: string): Promise<string>;
    localPath(path: string): string;
  };
}

/** `JupyterFrontEnd` of @jupyterlab/application. */
export interface Application {
  readonly serviceManager: Services;
  readonly shell: { readonly currentWidget: unknown };
  readonly commands: {
    addCommand(
      id: string,
      command: {
        label: (args: { toolbar?: boolean }) => string;
        caption: string;
        icon: unknown;
        isEnabled: () => boolean;
        execute: () => Promise<void>;
      },
    ): void;
    hasCommand(id: string): boolean;
    execute(id: string): Promise<unknown>;
    notifyCommandChanged(id: string): void;
  };
}

/** `NotebookPanel` of @jupyterlab/notebook. */
export interface NotebookPanel {
  readonly node: HTMLElement;
  readonly context: { readonly path: string; save(): Promise<void> };
  readonly content: {
    readonly widgets: readonly {
      readonly node: HTMLElement;
      /** A code cell's alone has outputs. */
      readonly model: { readonly outputs?: { get(index: number): { readonly data: { readonly [mime: string]: unknown } } | undefined } };
    }[];
  };
}

/** `INotebookTracker` of @jupyterlab/notebook. */
export interface NotebookTracker {
  readonly currentWidget: NotebookPanel | null;
  find(matches: (panel: NotebookPanel) => boolean): NotebookPanel | undefined;
  readonly currentChanged: { connect(heard: () => void): void };
}

/** How a notification looks and what can be done with it. */
export interface NotificationOptions {
  readonly autoClose?: number | false;
  readonly actions?: readonly { readonly label: string; readonly caption?: string; readonly callback: () => void }[];
}

/** The packages that the plugins take parts of. */
export interface Packages {
  readonly apputils: {
    readonly Notification: {
      emit(message: string, type: 'in-progress' | 'error', options: NotificationOptions): string;
      update(change: { id: string; message: string; type: 'success' | 'error' } & NotificationOptions): boolean;
    };
  };
  readonly notebook: { readonly INotebookTracker: object };
  readonly components: { readonly LabIcon: new (icon: { name: string; svgstr: string }) => unknown };
}

/** `JupyterFrontEndPlugin` of @jupyterlab/application. */
export interface Plugin {
  readonly id: string;
  readonly description: string;
  readonly autoStart: true;
  readonly requires?: readonly object[];
  activate(app: Application, ...services: never[]): void;
}
