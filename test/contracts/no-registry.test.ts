import { noRegistry } from '@wscluster/controller/adapters/local/no-registry';
import { registryContract } from './registry.ts';

registryContract('no registry', false, async () => ({ open: async () => noRegistry(), dispose: async () => {} }));
