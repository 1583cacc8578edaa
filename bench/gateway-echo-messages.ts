/** What the processes of the echo benchmark say to each other. */
export type RoleRequest = { readonly ask: 'cpu' } | { readonly ask: 'run'; readonly port: number; readonly ms: number };
export type RoleAnswer = { readonly port: number } | { readonly cpuMicros: number } | { readonly messages: number };

export const CONNECTIONS = 64;
export const MESSAGE_BYTES = 64;
