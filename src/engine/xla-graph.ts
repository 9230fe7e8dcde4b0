/** A recorded graph in the form that XLA's compiler takes: inputs and state as arguments, products in the precision that they were recorded in. */

import { type GraphNode, graphDef, type RecordedGraph } from './graph';
import { attribute, type OpAttribute } from './tensorflow';
import type { HloArgument } from './xla-addons';

export interface XlaGraph {
  /** A GraphDef. */
  readonly definition: Uint8Array;
  /** The state's leaves, then the inputs. */
  readonly arguments: readonly HloArgument[];
  /** Whether float32 products may be computed in TensorFloat-32. */
  readonly tensorFloat32: boolean;
}

/** What replaces the state from outside, which a session does itself, and what a fetch waits for. */
const NOT_OF_THE_CALL = /^(write|writing|written)\d+$|^done$/;

/** Inputs that are factors, by operation. */
const PRODUCTS: Readonly<Record<string, readonly number[]>> = {
  Conv2D: [0, 1],
  Conv2DBackpropInput: [1, 2],
  Conv2DBackpropFilter: [0, 2],
  MatMul: [0, 1],
  BatchMatMulV2: [0, 1],
};

const [FLOAT, BFLOAT16, RESOURCE] = [1, 14, 20];

/** @param graph as `record` gives it */
export function xlaGraph({ nodes, state, inputs, outputs }: RecordedGraph): XlaGraph {
  const args: HloArgument[] = [
    ...state.map((form, i) => ({ ...form, name: `state${i}`, variable: true })),
    ...inputs.map((form, i) => ({ ...form, name: `input${i}`, variable: false })),
  ];
  const indices = new Map(args.map(({ name }, i) => [name, i]));
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const rewritten = nodes.flatMap((node) => {
    if (NOT_OF_THE_CALL.test(node.name)) return [];
    const index = indices.get(node.name);
    if (index !== undefined) {
      const { dtype, variable } = args[index]!;
      return [{ ...node, op: '_Arg', attributes: [attribute.type('T', variable ? RESOURCE : dtype), attribute.int('index', index)] }];
    }
    if (node.op === 'Reshape') return [lateInput(node, byName)];
    return isProduct(node) && node.precision === 'bfloat16' ? inBfloat16(node) : [node];
  });
  const results = outputs.map(({ dtype }, i): GraphNode => {
    const attributes = [attribute.type('T', dtype), attribute.int('index', i)];
    return { name: `result${i}`, op: '_Retval', inputs: [`output${i}`], attributes, precision: 'float32' };
  });
  const products = nodes.filter(isProduct);
  return {
    definition: graphDef([...rewritten, ...results]).finish(),
    arguments: args,
    tensorFloat32: products.length > 0 && products.every(({ precision }) => precision !== 'float32'),
  };
}

const attributeOf = ({ attributes }: GraphNode, name: string): unknown => attributes.find((attribute) => attribute.name === name)?.value;

const isProduct = (node: GraphNode): boolean => PRODUCTS[node.op] !== undefined && attributeOf(node, 'T') === FLOAT;

/**
 * A checkpoint's inputs as they are once a gradient is there (`checkpoint`) are reshaped to a shape computed from that gradient, the only such shape. XLA
 * has an operation for what is meant.
 */
function lateInput(node: GraphNode, byName: ReadonlyMap<string, GraphNode>): GraphNode {
  const shape = byName.get(node.inputs[1]!);
  if (!shape || shape.op === 'Const') return node;
  return { ...node, op: 'XlaOptimizationBarrier', attributes: [attribute.types('T', [attributeOf(node, 'T') as number, 3])] };
}

/** A product of rounded factors. Matrix products are added up and returned in float32, convolutions are rounded once more at the end. */
function inBfloat16(node: GraphNode): GraphNode[] {
  const { name, op, attributes } = node;
  const cast = (to: string, from: string, source: number, target: number): GraphNode => ({
    ...node,
    name: to,
    op: 'Cast',
    inputs: [from],
    attributes: [attribute.type('SrcT', source), attribute.type('DstT', target)],
  });
  const factors = PRODUCTS[op]!;
  const casts = factors.map((i) => cast(`${name}_factor${i}`, node.inputs[i]!, FLOAT, BFLOAT16));
  const inputs = node.inputs.map((input, i) => (factors.includes(i) ? `${name}_factor${i}` : input));
  if (op.startsWith('Conv2D')) {
    const rounded = attributes.map((one) => (one.name === 'T' ? attribute.type('T', BFLOAT16) : one));
    return [...casts, { ...node, name: `${name}_rounded`, inputs, attributes: rounded }, cast(name, `${name}_rounded`, BFLOAT16, FLOAT)];
  }
  const transposed = (...names: readonly string[]): boolean => names.some((one) => Boolean(attributeOf(node, one)));
  const types: OpAttribute[] = [attribute.type('Ta', BFLOAT16), attribute.type('Tb', BFLOAT16), attribute.type('Tout', FLOAT)];
  const transposes = [
    attribute.bool('adj_x', transposed('transpose_a', 'adj_x')),
    attribute.bool('adj_y', transposed('transpose_b', 'adj_y')),
  ];
  return [...casts, { ...node, op: 'BatchMatMulV3', inputs, attributes: [...types, ...transposes] }];
}
