import { existsSync } from 'node:fs';
import { provideByApt } from '../install/apt.ts';
import { findProgram, needProgram } from '../process/find-program.ts';

/**
 * The path of a Chromium: the one that WSCLUSTER_TEST_CHROMIUM names, else one on the PATH, else Debian's. Throws an
 * Error that says what is missing where it may not install.
 */
export async function provideChromium(): Promise<string> {
  const given = process.env.WSCLUSTER_TEST_CHROMIUM;
  if (given !== undefined) {
    if (existsSync(given)) return given;
    throw new Error(`WSCLUSTER_TEST_CHROMIUM names ${given}, which does not exist.`);
  }
  const found = findProgram('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable');
  if (found !== undefined) return found;
  await provideByApt({ chromium: ['chromium'] });
  return needProgram('chromium', 'chromium');
}
