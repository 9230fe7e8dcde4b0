/**
 * Loops in cells can be interrupted wherever they run.
 *
 * SIGINT ends what runs before a cell's first `await`, but skips `finally`; behind it nothing in Node can end a loop that never yields.
 * So each loop of a cell looks, at every turn, at an integer that the control worker sets. That costs a few nanoseconds a turn. A loop
 * that awaits also ends where its cell was interrupted: one that catches what its awaits throw would never end.
 */
import type ts from '@tslab/typescript-for-tslab';
import { callRuntime } from './calls';

/** A transformer that puts the check before the body of each loop. */
export function checkLoops(compiler: typeof ts): ts.TransformerFactory<ts.SourceFile> {
  const { factory } = compiler;
  return (context) => {
    const checked = (loop: ts.Statement, body: ts.Statement): ts.Statement => {
      const name = awaits(compiler, loop) ? 'turn' : 'loop';
      const call = factory.createExpressionStatement(callRuntime(compiler, name));
      const statements = compiler.isBlock(body) ? body.statements : [body];
      return compiler.setTextRange(factory.createBlock([call, ...statements], true), body);
    };
    const visit = (node: ts.Node): ts.Node => {
      const inner = compiler.visitEachChild(node, visit, context);
      if (compiler.isForStatement(inner)) {
        return factory.updateForStatement(inner, inner.initializer, inner.condition, inner.incrementor, checked(inner, inner.statement));
      }
      if (compiler.isForOfStatement(inner)) {
        return factory.updateForOfStatement(
          inner,
          inner.awaitModifier,
          inner.initializer,
          inner.expression,
          checked(inner, inner.statement),
        );
      }
      if (compiler.isForInStatement(inner)) {
        return factory.updateForInStatement(inner, inner.initializer, inner.expression, checked(inner, inner.statement));
      }
      if (compiler.isWhileStatement(inner)) return factory.updateWhileStatement(inner, inner.expression, checked(inner, inner.statement));
      if (compiler.isDoStatement(inner)) return factory.updateDoStatement(inner, checked(inner, inner.statement), inner.expression);
      return inner;
    };
    return (file) => compiler.visitNode(file, visit) as ts.SourceFile;
  };
}

/** Whether a loop awaits, itself and not only in functions that it makes. */
function awaits(compiler: typeof ts, loop: ts.Node): boolean {
  const visit = (node: ts.Node): boolean => {
    if (compiler.isAwaitExpression(node)) return true;
    if (compiler.isForOfStatement(node) && node.awaitModifier) return true;
    if (compiler.isFunctionLike(node)) return false;
    return compiler.forEachChild(node, visit) ?? false;
  };
  return visit(loop);
}
