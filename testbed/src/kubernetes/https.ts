import { readFileSync } from 'node:fs';
import { get } from 'node:https';

/** Whether GET of the URL is answered by 200; false also when nobody answers within 2 s. */
export function answersOk(url: string, authority: string, token: string): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}` };
    const request = get(url, { ca: readFileSync(authority), headers, agent: false, timeout: 2000 }, (response) => {
      response.resume().once('close', () => resolve(response.statusCode === 200));
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
  });
}
