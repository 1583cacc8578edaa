// Preloaded by a process of a test: its wall clock jumps by WSC_JUMP_MS at each SIGUSR2; by several values in turn, if
// there are commas. The monotonic clock goes on.
const Real = Date;
const now = Real.now.bind(Real);
let ahead = 0;
let jumps = 0;

globalThis.Date = class extends Real {
  constructor(...given) {
    super(...(given.length === 0 ? [now() + ahead] : given));
  }
  static now() {
    return now() + ahead;
  }
};
process.on('SIGUSR2', () => {
  const byMs = (process.env.WSC_JUMP_MS ?? '').split(',');
  ahead += Number(byMs[jumps++ % byMs.length]);
  process.stdout.write('the clock has jumped\n');
});
