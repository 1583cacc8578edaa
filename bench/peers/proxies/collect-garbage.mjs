// Loaded into a proxy whose memory is measured: collects its garbage on SIGUSR2. A second collection takes what
// finalizers let go.
process.on('SIGUSR2', async () => {
  for (let time = 0; time < 4; time++) {
    globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    await new Promise((resolve) => setImmediate(resolve));
  }
});
