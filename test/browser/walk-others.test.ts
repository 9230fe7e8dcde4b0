/** The notebooks after those of a class. */
import { notebooks } from '../notebooks/small';
import { jupyterLab } from './lab';
import { walk } from './walk';

walk(jupyterLab(), notebooks.slice(3));
