// A setup file of vitest for all tests: Node keeps what it has compiled of them for the next run. In plain JavaScript,
// as Node loads all of its type stripper for a single file whose types it has to strip.
import { flushCompileCache, registerHooks } from 'node:module';
import { afterAll } from 'vitest';

const TIME = /\?vitest=\d+$/;
const own = import.meta.url.replace(TIME, '');
const registered = Symbol.for('wscluster.keep-compiled');

// vitest adds the time to the address of a test file, so that Node would never find it in its cache. This file keeps
// its own: with the time, a process that runs several test files runs it for each.
if (!globalThis[registered]) {
  globalThis[registered] = true;
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const url = resolved.url.replace(TIME, '');
      return url === own ? resolved : { ...resolved, url };
    },
  });
}

// Node writes its cache when a process exits, but vitest ends processes by SIGTERM.
afterAll(() => {
  flushCompileCache();
});
