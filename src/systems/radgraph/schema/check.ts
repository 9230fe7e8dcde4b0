/** Whether an annotation is one: indices, labels, relations. */

import type { RadGraphEntity, RadGraphReport } from '../annotation';
import { labelMeaning, relationKinds } from './labels';
import { tokensOf } from './tokens';

/** What is wrong with an annotation, and where. */
export class AnnotationError extends RangeError {
  override readonly name = 'AnnotationError';

  /**
   * @param document the report's key in its file
   * @param entity   the entity's key in its report; undefined where the report as a whole is wrong
   */
  constructor(
    readonly document: string,
    readonly entity: string | undefined,
    fault: string,
  ) {
    super(`document ${JSON.stringify(document)}${entity === undefined ? '' : `, entity ${JSON.stringify(entity)}`}: ${fault}`);
  }
}

/**
 * Checks one report.
 *
 * @throws AnnotationError where it has no token; where an entity lies outside its text, has other words than stand there, an unknown label or a relation of an
 *         unknown kind, to nothing, or to itself; or where relations go in a circle
 */
export function checkAnnotation(document: string, report: RadGraphReport): void {
  const fail = (fault: string, entity?: string): never => {
    throw new AnnotationError(document, entity, fault);
  };
  if (typeof report?.text !== 'string') fail('has no text');
  const tokens = tokensOf(report.text);
  if (tokens.length === 0) fail('is empty');
  if (!isObject(report.entities)) fail('has no entities; expected an object with an entry for each');
  for (const [key, entity] of Object.entries(report.entities)) {
    const fault = entityFault(entity, tokens) ?? relationFault(key, entity, report.entities);
    if (fault !== undefined) fail(fault, key);
  }
  const [first, ...rest] = circleOf(report.entities) ?? [];
  if (first !== undefined) fail(`its relations lead back to it through ${rest.map((key) => JSON.stringify(key)).join(', ')}`, first);
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

function entityFault(entity: RadGraphEntity, tokens: readonly string[]): string | undefined {
  if (!isObject(entity)) return 'is no object';
  const { start_ix: start, end_ix: end, label, tokens: words, relations } = entity;
  if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && end >= start && end < tokens.length))
    return `expected 0 <= start_ix <= end_ix < ${tokens.length}, the report's tokens; got ${start} and ${end}`;
  if (typeof label !== 'string' || labelMeaning(label) === undefined) return `has an unknown label, ${JSON.stringify(label)}`;
  const there = tokens.slice(start, end + 1).join(' ');
  if (typeof words !== 'string' || words.toLowerCase() !== there.toLowerCase()) return 'its tokens are not those at its indices';
  return Array.isArray(relations) ? undefined : 'has no list of relations';
}

function relationFault(key: string, { relations }: RadGraphEntity, entities: RadGraphReport['entities']): string | undefined {
  for (const relation of relations) {
    const [kind, target] = Array.isArray(relation) ? relation : [];
    if (typeof kind !== 'string' || !relationKinds.includes(kind))
      return `has an unknown relation, ${JSON.stringify(kind)}; expected ${relationKinds.join(', ')}`;
    if (typeof target !== 'string' || !Object.hasOwn(entities, target))
      return `its relation's target, ${JSON.stringify(target)}, is no entity of the report`;
    if (target === key) return 'has a relation to itself';
  }
  return undefined;
}

/** Keys of entities whose relations go in a circle, in its order; undefined where there is none. */
export function circleOf(entities: Readonly<Record<string, Pick<RadGraphEntity, 'relations'>>>): string[] | undefined {
  const done = new Set<string>();
  for (const start of Object.keys(entities)) {
    // Depth first, without recursion: a report may be a chain of thousands.
    const path: string[] = [];
    const left: string[][] = [[start]];
    while (left.length > 0) {
      const next = left.at(-1)!.pop();
      if (next === undefined) {
        left.pop();
        const key = path.pop();
        if (key !== undefined) done.add(key);
      } else if (path.includes(next)) return path.slice(path.indexOf(next));
      else if (!done.has(next)) {
        path.push(next);
        left.push(entities[next]!.relations.map(([, target]) => target).reverse());
      }
    }
  }
  return undefined;
}
