/** A node's own word on its weight changes it beyond this factor. */
const BAND = 1.2;

/** Whether a weight that a node says is much the same as the one in use. */
export function isSameWeight(said: number, used: number): boolean {
  return said < used * BAND && said > used / BAND;
}
