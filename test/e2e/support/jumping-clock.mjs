// Preloaded by a process of a test: its wall clock jumps by WSC_JUMP_MS at each SIGUSR2. The monotonic clock goes on.
const Real = Date;
const now = Real.now.bind(Real);
let ahead = 0;

globalThis.Date = class extends Real {
  constructor(...given) {
    super(...(given.length === 0 ? [now() + ahead] : given));
  }
  static now() {
    return now() + ahead;
  }
};
process.on('SIGUSR2', () => {
  ahead += Number(process.env.WSC_JUMP_MS);
  process.stdout.write('the clock has jumped\n');
});
