const SCRIPT = `process.on('SIGUSR2', () => { throw new Error('odd'); });
process.on('SIGWINCH', () => { Promise.reject(new Error('odd too')); });`;

/** Lets a process make an error that nobody expected at a signal: SIGUSR2 throws, SIGWINCH leaves a rejection. */
export const oddErrors = (): { readonly NODE_OPTIONS: string } => ({
  NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=data:text/javascript,${encodeURIComponent(SCRIPT)}`,
});
