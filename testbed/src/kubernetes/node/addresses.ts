/** The link between machine and node: a network of two addresses, which nothing else here or in Docker uses. */
export const HOST_ADDRESS = '10.243.0.1';
export const NODE_ADDRESS = '10.243.0.2';
export const PODS = '10.244.0.0/24';
