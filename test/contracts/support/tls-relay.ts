import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';

/** TLS in front of a real server, as a proxy that ends it does. */
export interface TlsRelay {
  /** `localhost:port`, the name of the certificate. */
  readonly address: string;
  /** Its own authority, in PEM. */
  readonly certificate: string;
  close(): Promise<void>;
}

export async function openTlsRelay(target: string): Promise<TlsRelay> {
  const [host = '', port = ''] = target.split(':');
  const { key, cert } = selfSigned();
  const server = createServer({ key, cert }, (near) => {
    const far = createConnection({ host, port: Number(port), noDelay: true });
    near.on('error', () => near.destroy());
    far.on('error', () => far.destroy());
    near.pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    certificate: cert,
    async close() {
      server.close();
      await once(server, 'close');
    },
  };
}

function selfSigned(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  try {
    execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'pipe' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
