import { writeFileSync } from 'node:fs';

/** Vitest reporter: writes {passed, failed} to the file that WSCLUSTER_TEST_COUNTS names. */
export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    let passed = 0;
    // An error outside of any test (a file that does not load, a hook, an unhandled rejection) fails as a test does.
    let failed = unhandledErrors.length;
    for (const module of modules) {
      failed += module.errors().length;
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        if (test.result().state === 'passed') passed++;
        else if (test.result().state === 'failed') failed++;
      }
    }
    const file = process.env.WSCLUSTER_TEST_COUNTS;
    if (file !== undefined) writeFileSync(file, JSON.stringify({ passed, failed }));
  }
}
