import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './support/run.ts';

const start = (program: string, ...args: string[]) =>
  spawnSync(process.execPath, [join(root, program, 'main.ts'), ...args], { encoding: 'utf8', timeout: 120_000 });

test.each(['bench', 'chaos', 'fuzz'])(
  '%s explains its arguments, and refuses what it does not know in one line',
  (program) => {
    const help = start(program, '--help');
    expect([help.status, help.stderr]).toEqual([0, '']);
    const [usage = ''] = help.stdout.split('\n');
    expect(usage).toMatch(`usage: npm run ${program} -- [`);
    const refused = start(program, '--sed', '7');
    expect([refused.status, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toBe(`Unknown option '--sed'; ${usage}\n`);
  },
);
