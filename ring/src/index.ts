export * from './errors.ts';
export * from './member.ts';
export * from './revision.ts';
export * from './ring.ts';
export * from './wire/messages.ts';
export * from './wire/settings.ts';
