import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { needProgram } from '../process/find-program.ts';
import { run } from '../process/run.ts';

export interface Certificates {
  /** What a client needs, under the names that Docker gives them: ca.pem, cert.pem, key.pem. */
  readonly client: string;
  /** The server's: ca.pem, cert.pem, key.pem. */
  readonly server: string;
}

/** Makes an authority, and of it a certificate for a server at 127.0.0.1 and one for a client; good for a day. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const openssl = (...args: string[]) => run(needProgram('openssl', 'openssl'), args, { cwd: folder });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  mkdirSync(folder, { recursive: true });
  await openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '1',
    '-subj',
    '/CN=test authority',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  );
  const issue = async (name: string, extensions: string) => {
    const own = join(folder, name);
    mkdirSync(own);
    writeFileSync(join(own, 'extensions'), `${extensions}\n`);
    await openssl('req', ...key, '-subj', `/CN=${name}`, '-keyout', `${name}/key.pem`, '-out', `${name}/request`);
    await openssl(
      ...['x509', '-req', '-in', `${name}/request`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-days', '1', '-extfile', `${name}/extensions`, '-out', `${name}/cert.pem`],
    );
    await openssl('x509', '-in', 'ca.pem', '-out', `${name}/ca.pem`);
    return own;
  };
  return {
    server: await issue('server', 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth'),
    client: await issue('client', 'extendedKeyUsage=clientAuth'),
  };
}
