/** A rule that the Kubernetes API server checks, in CEL; a refusal names `fieldPath` (such as `.replicas`). */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

/** Metadata of a field with rules for the API server. For files the schema itself checks them. */
export function cel(...rules: readonly CelRule[]): { 'x-kubernetes-validations': readonly CelRule[] } {
  return { 'x-kubernetes-validations': rules };
}
