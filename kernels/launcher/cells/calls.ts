/** The calls that transformed code makes to the kernel, as syntax. */
import type ts from '@tslab/typescript-for-tslab';
import { type Runtime, runtimeName } from '../interruption';

/** A call of one of the kernel's functions. */
export function callRuntime(compiler: typeof ts, name: keyof Runtime, ...args: ts.Expression[]): ts.CallExpression {
  const { factory } = compiler;
  return factory.createCallExpression(factory.createPropertyAccessExpression(factory.createIdentifier(runtimeName), name), undefined, args);
}
