/** The notebooks of a class of ninety minutes. */
import { notebooks } from '../notebooks/small';
import { jupyterLab } from './lab';
import { walk } from './walk';

walk(jupyterLab(), notebooks.slice(0, 3));
