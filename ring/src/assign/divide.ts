/** How an amount is divided: members in `capped` get their most, each of the others `amount` * weight / `total`. */
export interface Division {
  readonly capped: ReadonlySet<number>;
  readonly amount: number;
  readonly total: number;
}

/**
 * Divides an amount among members by weight. Nobody gets more than its most, a whole number or Infinity; what such a
 * member does not get is divided among the others. If all together may not have the amount, the weights alone count.
 */
export function divide(amount: number, weights: readonly number[], most: readonly number[]): Division {
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const capped = new Set<number>();
  let [left, total] = [amount, all];
  for (;;) {
    const over = weights.flatMap((weight, member) =>
      !capped.has(member) && left * weight > (most[member] as number) * total ? [member] : [],
    );
    if (over.length === 0) return { capped, amount: left, total };
    if (capped.size + over.length === weights.length) return { capped: new Set(), amount, total: all };
    for (const member of over) {
      capped.add(member);
      left -= most[member] as number;
      total -= weights[member] as number;
    }
  }
}
