import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Access } from './access.ts';

/** The API server's answer to GET of the URL, as admin; undefined unless it answers 200 within 2 s. */
export function askApi(url: string, access: Access): Promise<string | undefined> {
  return new Promise((resolve) => {
    const ca = readFileSync(access.authority.certificate);
    const headers = { authorization: `Bearer ${access.tokenOf('admin')}` };
    const request = get(url, { ca, headers, agent: false, timeout: 2000 }, (response) => {
      text(response).then(
        (body) => resolve(response.statusCode === 200 ? body : undefined),
        () => resolve(undefined),
      );
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(undefined));
  });
}
