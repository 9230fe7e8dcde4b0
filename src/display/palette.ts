/** The house's colours and its warning. */
import { disclaimer } from '../files/internal';

/**
 * Okabe and Ito's eight colours (https://jfly.uni-koeln.de/color/), which stay apart for every kind of colour blindness, in
 * the order in which series take them: those that stand out on white and on black alike come first. Yellow and black,
 * each invisible on one of the two, are left out.
 */
export const palette: readonly string[] = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];

/** Grey that can be read on white paper and on a dark theme alike (contrast above 4 to 1 on both). */
export const neutralInk = '#767676';

/** Non-finite pixels are drawn in this colour, which no radiograph contains. */
export const alarm: readonly [number, number, number] = [255, 0, 255];

/** The line under every generated picture. */
export const notForDiagnosis: string = disclaimer;
