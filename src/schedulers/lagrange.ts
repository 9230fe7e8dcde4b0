/** Interpolating polynomials, which multistep methods integrate. */

/**
 * Lagrange's basis of the nodes, as coefficients: polynomial j is 1 at node j and 0 at the others, and entry k multiplies x^k.
 *
 * @param nodes distinct numbers
 */
export function lagrangeBasis(nodes: readonly number[]): number[][] {
  return nodes.map((node) => {
    let polynomial = [1];
    for (const other of nodes) {
      if (other === node) continue;
      const scale = 1 / (node - other); // times (x - other) / (node - other)
      polynomial = [0, ...polynomial].map((lower, power) => scale * (lower - other * (polynomial[power] ?? 0)));
    }
    return polynomial;
  });
}
