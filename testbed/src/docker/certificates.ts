import { makeAuthority } from '../certificates/authority.ts';

export interface Certificates {
  /** What a client needs, under the names that Docker gives them: ca.pem, cert.pem, key.pem. */
  readonly client: string;
  /** The server's: ca.pem, cert.pem, key.pem. */
  readonly server: string;
}

/** Makes an authority, and of it a certificate for a server at 127.0.0.1 and one for a client; good for a day. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const authority = await makeAuthority(folder);
  const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost';
  return {
    server: await authority.issue('server', '/CN=server', names, 'extendedKeyUsage=serverAuth'),
    client: await authority.issue('client', '/CN=client', 'extendedKeyUsage=clientAuth'),
  };
}
