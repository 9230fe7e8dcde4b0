/**
 * Loops in cells can be interrupted wherever they run.
 *
 * SIGINT ends what runs before a cell's first `await`; behind it nothing in Node can end a loop that never yields. So each
 * loop of a cell looks, at every turn, at an integer that the control worker sets. That costs a few nanoseconds a turn.
 */
import type ts from '@tslab/typescript-for-tslab';
import { Interrupted } from './contexts';

const name = '__roentgenLoop__';

/** Lets the loops of cells see `flags[index]`: where it is not 0 they throw Interrupted. */
export function installLoopCheck(flags: Int32Array, index: number): void {
  const check = (): void => {
    if (Atomics.load(flags, index) !== 0) throw new Interrupted();
  };
  Object.defineProperty(globalThis, name, { value: check, enumerable: false });
}

/** A transformer that puts the check before the body of each loop. */
export function checkLoops(compiler: typeof ts): ts.TransformerFactory<ts.SourceFile> {
  const { factory } = compiler;
  return (context) => {
    const checked = (body: ts.Statement): ts.Statement => {
      const call = factory.createExpressionStatement(factory.createCallExpression(factory.createIdentifier(name), undefined, []));
      const statements = compiler.isBlock(body) ? body.statements : [body];
      return compiler.setTextRange(factory.createBlock([call, ...statements], true), body);
    };
    const visit = (node: ts.Node): ts.Node => {
      const inner = compiler.visitEachChild(node, visit, context);
      if (compiler.isForStatement(inner)) {
        return factory.updateForStatement(inner, inner.initializer, inner.condition, inner.incrementor, checked(inner.statement));
      }
      if (compiler.isForOfStatement(inner)) {
        return factory.updateForOfStatement(inner, inner.awaitModifier, inner.initializer, inner.expression, checked(inner.statement));
      }
      if (compiler.isForInStatement(inner)) {
        return factory.updateForInStatement(inner, inner.initializer, inner.expression, checked(inner.statement));
      }
      if (compiler.isWhileStatement(inner)) return factory.updateWhileStatement(inner, inner.expression, checked(inner.statement));
      if (compiler.isDoStatement(inner)) return factory.updateDoStatement(inner, checked(inner.statement), inner.expression);
      return inner;
    };
    return (file) => compiler.visitNode(file, visit) as ts.SourceFile;
  };
}
