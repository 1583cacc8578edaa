import type { Problem } from '@wscluster/controller/api';

/** An answer of the API that is an error, in words: its detail, and the field that it is about. */
export function problemText({ detail, field }: Partial<Problem>, status: number): string {
  if (detail === undefined) return `the controller answers ${status}`;
  return field === undefined || field === '' || detail.includes(field) ? detail : `${field}: ${detail}`;
}
