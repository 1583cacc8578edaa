/** The link between the machine and the node: one network of two addresses, in no other use here or in Docker. */
export const HOST_ADDRESS = '10.243.0.1';
export const NODE_ADDRESS = '10.243.0.2';
export const PODS = '10.244.0.0/24';
