import { existsSync } from 'node:fs';
import { provideByApt } from '../install/apt.ts';
import { findProgram, needProgram } from '../process/find-program.ts';

/**
 * The path of a Chromium: from WSCLUSTER_TEST_CHROMIUM, else from the PATH, else Debian's. If it may not install one,
 * throws an Error that says what is missing.
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
