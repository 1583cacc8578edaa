// A setup file of vitest for all tests: Node keeps what it has compiled of them for the next run. In plain JavaScript,
// as Node loads all of its type stripper for a single file whose types it has to strip.
import { flushCompileCache, registerHooks } from 'node:module';
import { afterAll } from 'vitest';

// vitest adds the time to the address of a test file, so that Node would never find it in its cache.
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    return { ...resolved, url: resolved.url.replace(/\?vitest=\d+$/, '') };
  },
});

// Node writes its cache when a process exits, but vitest ends processes by SIGTERM.
afterAll(() => {
  flushCompileCache();
});
