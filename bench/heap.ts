/**
 * The environment in which a controller's Node has the heap that it gives itself under the memory limit of deploy/k8s,
 * 512 MiB; on a large machine it takes more.
 */
export const CONTROLLER_HEAP = { NODE_OPTIONS: '--max-semi-space-size=2 --max-old-space-size=256' };
