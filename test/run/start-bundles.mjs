// Loaded before anything else by every Node process of a test run: whoever starts a program by its TypeScript gets its
// bundle; see bundle-programs.ts, which fills in BUNDLES.
import { registerHooks } from 'node:module';

const bundles = BUNDLES;

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    // Only the program that the process was started with has no parent.
    const url = context.parentURL === undefined ? bundles[resolved.url] : undefined;
    return url === undefined ? resolved : { ...resolved, url, format: 'module' };
  },
});
