/**
 * Awaits in cells can be interrupted, whatever they wait for; interruption.ts says how that is meant.
 *
 * `await x` becomes `end(wait = begin(head(), x), await wait.promise)`, `for await` and `yield*` of an async generator read from
 * `iterate(x)`, and `catch` and `finally` blocks say where they begin and end.
 */
import type ts from '@tslab/typescript-for-tslab';
import type { Shelter } from '../contexts';
import { callRuntime } from './calls';

/** A transformer for the code of a cell, or of a local file that cells import. */
export function interruptAwaits(compiler: typeof ts): ts.TransformerFactory<ts.SourceFile> {
  const { factory } = compiler;

  return (context) => {
    /** Whether the node stands in a `finally` block of the function around it. */
    let inFinally = false;
    let inAsync = false;

    function visit(node: ts.Node): ts.Node {
      if (compiler.isFunctionLike(node)) {
        const before = [inFinally, inAsync] as const;
        inFinally = false;
        inAsync = compiler.canHaveModifiers(node) && hasAsync(node);
        const inner = compiler.visitEachChild(node, visit, context);
        [inFinally, inAsync] = before;
        return inner;
      }
      if (compiler.isTryStatement(node)) return sheltered(node);
      if (compiler.isForOfStatement(node) && node.awaitModifier) {
        const loop = compiler.visitEachChild(node, visit, context) as ts.ForOfStatement;
        return factory.updateForOfStatement(loop, loop.awaitModifier, loop.initializer, iterated(loop.expression), loop.statement);
      }
      if (compiler.isYieldExpression(node) && node.asteriskToken && inAsync) {
        const inner = compiler.visitEachChild(node, visit, context) as ts.YieldExpression;
        return factory.updateYieldExpression(inner, inner.asteriskToken, iterated(inner.expression!));
      }
      if (!compiler.isAwaitExpression(node)) return compiler.visitEachChild(node, visit, context);
      const operand = compiler.visitNode(node.expression, visit) as ts.Expression;
      const wait = factory.createTempVariable(context.hoistVariableDeclaration);
      const flag = inFinally ? [factory.createTrue()] : [];
      const begin = callRuntime(compiler, 'begin', callRuntime(compiler, 'head', ...flag), operand, ...flag);
      const waiting = factory.createAwaitExpression(factory.createPropertyAccessExpression(wait, 'promise'));
      return compiler.setTextRange(
        callRuntime(compiler, 'end', factory.createAssignment(wait, begin), compiler.setTextRange(waiting, node)),
        node,
      );
    }

    const iterated = (iterable: ts.Expression): ts.Expression =>
      compiler.setTextRange(callRuntime(compiler, 'iterate', iterable), iterable);

    function sheltered(node: ts.TryStatement): ts.TryStatement {
      const body = compiler.visitNode(node.tryBlock, visit) as ts.Block;
      const clause =
        node.catchClause &&
        factory.updateCatchClause(
          node.catchClause,
          compiler.visitNode(node.catchClause.variableDeclaration, visit) as ts.VariableDeclaration | undefined,
          inShelter(compiler.visitNode(node.catchClause.block, visit) as ts.Block, 'catch'),
        );
      const before = inFinally;
      inFinally = true;
      const last = node.finallyBlock && inShelter(compiler.visitNode(node.finallyBlock, visit) as ts.Block, 'finally');
      inFinally = before;
      return factory.updateTryStatement(node, body, clause, last);
    }

    function inShelter(block: ts.Block, shelter: Shelter): ts.Block {
      if (block.statements.length === 0) return block;
      const entered = factory.createTempVariable(context.hoistVariableDeclaration);
      const enter = factory.createAssignment(entered, callRuntime(compiler, 'enter', factory.createStringLiteral(shelter)));
      const leave = callRuntime(compiler, 'leave', entered);
      const statements = [
        factory.createExpressionStatement(enter),
        factory.createTryStatement(block, undefined, factory.createBlock([factory.createExpressionStatement(leave)])),
      ];
      return compiler.setTextRange(factory.createBlock(statements, true), block);
    }

    return (file) => compiler.visitEachChild(file, visit, context);
  };

  function hasAsync(node: ts.HasModifiers): boolean {
    return compiler.getModifiers(node)?.some(({ kind }) => kind === compiler.SyntaxKind.AsyncKeyword) ?? false;
  }
}
