import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { builtOnce } from '../install/built.ts';
import { goBuild, goModule } from '../install/go.ts';
import { cliFolder } from './cli.ts';

/** As testbed/tools/compose/go.mod has it. */
const VERSION = 'v2.40.3';

/** Builds docker compose if it is missing, and makes it a plugin of the tests' Docker CLI. */
export async function provideCompose(): Promise<void> {
  const folder = await builtOnce(`compose-${VERSION}`, `docker compose ${VERSION}`, (building) =>
    goBuild({
      module: goModule('compose'),
      package: 'github.com/docker/compose/v2/cmd',
      settings: { 'github.com/docker/compose/v2/internal.Version': VERSION },
      output: join(building, 'docker-compose'),
    }),
  );
  const plugins = join(cliFolder(), 'cli-plugins');
  mkdirSync(plugins, { recursive: true });
  const link = join(plugins, `docker-compose.${process.pid}`);
  rmSync(link, { force: true });
  symlinkSync(join(folder, 'docker-compose'), link);
  renameSync(link, join(plugins, 'docker-compose'));
}
