import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Access } from './access.ts';

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

/** The API server's answer to GET of the URL, as admin; undefined unless it answers 200 within 2 s. */
export async function askApi(url: string, access: Access): Promise<string | undefined> {
  const { status, body } = await getAsAdmin(url, access, 2_000).catch(() => ({ status: undefined, body: undefined }));
  return status === 200 ? body : undefined;
}

/** The object or list at the URL, as admin. Rejects with what the server says instead. */
export async function readApi<T>(url: string, access: Access): Promise<T> {
  const { status, body } = await getAsAdmin(url, access, 30_000);
  if (status === 200) return JSON.parse(body) as T;
  throw new Error(`Error from server (${status}): ${body}`);
}

function getAsAdmin(url: string, access: Access, timeout: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const ca = readFileSync(access.authority.certificate);
    const headers = { authorization: `Bearer ${access.tokenOf('admin')}` };
    const request = get(url, { ca, headers, agent: false, timeout }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    });
    request.once('timeout', () => request.destroy(new Error(`GET ${url}: no answer within ${timeout} ms`)));
    request.once('error', reject);
  });
}
