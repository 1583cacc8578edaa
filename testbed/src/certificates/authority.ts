import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { needProgram } from '../process/find-program.ts';
import { run } from '../process/run.ts';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A certificate authority for tests. Its certificates are valid for a day. */
export interface Authority {
  /** The file of its certificate. */
  readonly certificate: string;
  /**
   * Creates a folder `name` with ca.pem, cert.pem and key.pem. The subject is in openssl's format: `/O=group/CN=user`;
   * the extensions are lines of its configuration.
   */
  issue(name: string, subject: string, ...extensions: readonly string[]): Promise<string>;
}

/** Creates a new authority in the folder, and the folder too. */
export async function makeAuthority(folder: string): Promise<Authority> {
  const openssl = (...args: string[]) => run(needProgram('openssl', 'openssl'), args, { cwd: folder });
  mkdirSync(folder, { recursive: true });
  const subject = ['-subj', '/CN=test authority'];
  await openssl('req', '-x509', ...KEY, '-days', '1', ...subject, '-keyout', 'ca.key', '-out', 'ca.pem');
  return {
    certificate: join(folder, 'ca.pem'),
    issue: async (name, subject, ...extensions) => {
      const own = join(folder, name);
      mkdirSync(own);
      writeFileSync(join(own, 'extensions'), `${extensions.join('\n')}\n`);
      await openssl('req', ...KEY, '-subj', subject, '-keyout', `${name}/key.pem`, '-out', `${name}/request`);
      await openssl(
        // A random serial number instead of a counter in a file: several may be issued at once.
        ...['x509', '-req', '-in', `${name}/request`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', serial()],
        ...['-days', '1', '-extfile', `${name}/extensions`, '-out', `${name}/cert.pem`],
      );
      await openssl('x509', '-in', 'ca.pem', '-out', `${name}/ca.pem`);
      return own;
    },
  };
}

let issued = 0;

function serial(): string {
  issued++;
  return String(Date.now() * 1000 + issued);
}
