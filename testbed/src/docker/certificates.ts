import { makeAuthority } from '../certificates/authority.ts';

export interface Certificates {
  /** A client's files, with Docker's names: ca.pem, cert.pem, key.pem. */
  readonly client: string;
  /** The server's: ca.pem, cert.pem, key.pem. */
  readonly server: string;
}

/** Creates an authority, a certificate for a server at 127.0.0.1 and one for a client; valid for a day. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const authority = await makeAuthority(folder);
  const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost';
  return {
    server: await authority.issue('server', '/CN=server', names, 'extendedKeyUsage=serverAuth'),
    client: await authority.issue('client', '/CN=client', 'extendedKeyUsage=clientAuth'),
  };
}
