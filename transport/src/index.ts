export * from './backoff.ts';
export { type FileStoreOptions, openFileStore } from './local/file-store.ts';
export { type LocalFollowerOptions, openLocalFollower } from './local/follower.ts';
export { type LocalHubOptions, openLocalHub } from './local/hub.ts';
export * from './ring-bus.ts';
export * from './ring-store.ts';
