/** What the processes of the memory benchmark say to each other. */
export type RoleRequest =
  | { readonly ask: 'rss' }
  | { readonly ask: 'open'; readonly port: number; readonly count: number }
  | { readonly ask: 'close' };
export type RoleAnswer = { readonly port: number } | { readonly rssBytes: number } | { readonly open: number };
