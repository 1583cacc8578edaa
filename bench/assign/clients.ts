/** As many keys as clients: one for each, or few of many clients by Zipf's law, always the same ones. */
export function keysOf(clients: number, law: 'uniform' | 'zipf'): string[] {
  if (law === 'uniform') return Array.from({ length: clients }, (_, n) => `user-${n}`);
  const sums: number[] = [];
  for (let rank = 1; rank <= clients; rank++) sums.push((sums.at(-1) ?? 0) + rank ** -ZIPF);
  const total = sums.at(-1) ?? 1;
  let state = 1;
  return Array.from({ length: clients }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const wanted = (state / 2 ** 32) * total;
    let [from, to] = [0, sums.length - 1];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((sums[middle] ?? 0) < wanted) from = middle + 1;
      else to = middle;
    }
    return `room-${from}`;
  });
}

const ZIPF = 1.1;
