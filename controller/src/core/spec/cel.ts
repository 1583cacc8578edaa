/** A rule that the Kubernetes API server checks, in CEL; `fieldPath` (as `.replicas`) is what the refusal names. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

/** Metadata of a field with rules of the API server. Files are checked by the schema itself. */
export function cel(...rules: readonly CelRule[]): { 'x-kubernetes-validations': readonly CelRule[] } {
  return { 'x-kubernetes-validations': rules };
}
