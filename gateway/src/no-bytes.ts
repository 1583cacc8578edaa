/** Where nothing was read: shared, since a buffer of its own would be made for each connection. */
export const NO_BYTES: Buffer = Buffer.alloc(0);
