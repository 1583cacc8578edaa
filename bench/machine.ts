import { arch, cpus, platform, release, totalmem } from 'node:os';

/** What the figures were measured on, in one line. */
export function machine(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, ${memory} GiB, ${platform()} ${release()} ${arch()}, Node ${process.version}`;
}
