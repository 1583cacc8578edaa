/**
 * When a node is ready. `http`: its answer to a GET has a status below `below`. `tcp`: it accepts connections. Neither:
 * an HTTP answer decides, and a node that accepts but never answers HTTP is ready.
 */
export interface ReadinessRule {
  readonly http?: { readonly path: string; readonly below: number };
  readonly tcp?: true;
}
