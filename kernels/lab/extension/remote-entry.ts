/**
 * How JupyterLab loads the extension: a container of module federation, as a bundler would write it, by hand. JupyterLab runs this
 * script, calls `init` with the packages that it shares, and then `get` for the module that the extension's package.json names.
 */

/** The versions of one package, each behind a function that loads it. */
type SharedVersions = Readonly<Record<string, { readonly loaded?: unknown; get(): Promise<() => unknown> }>>;

/** One of the containers in `window._JUPYTERLAB`, by the extension's name. */
interface Container {
  init(shared: Readonly<Record<string, SharedVersions>>): void;
  get(module: string): Promise<() => unknown>;
}

{
  let shared: Readonly<Record<string, SharedVersions>> = {};

  const take = async <T>(name: string): Promise<T> => {
    const versions = Object.values(shared[name] ?? {});
    // Another extension may bring a version of its own; tokens are those of the one that JupyterLab itself uses.
    const version = versions.find(({ loaded }) => loaded) ?? versions[0];
    if (!version) throw new Error(`roentgen-lab: this JupyterLab shares no ${name}`);
    return (await version.get())() as T;
  };

  const page = window as { _JUPYTERLAB?: Record<string, Container> };
  page._JUPYTERLAB ??= {};
  page._JUPYTERLAB['roentgen-lab'] = {
    init(packages) {
      shared = packages;
    },
    async get() {
      const [{ plugins }, apputils, notebook, components] = await Promise.all([
        import('./plugins.js'),
        take<import('./jupyterlab.js').Packages['apputils']>('@jupyterlab/apputils'),
        take<import('./jupyterlab.js').Packages['notebook']>('@jupyterlab/notebook'),
        take<import('./jupyterlab.js').Packages['components']>('@jupyterlab/ui-components'),
      ]);
      const made = plugins({ apputils, notebook, components });
      return () => made;
    },
  };
}
