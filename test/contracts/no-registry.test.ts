import { noRegistry } from '@wscluster/controller/registry/none';
import { registryContract } from './registry.ts';

registryContract('no registry', false, async () => ({ open: async () => noRegistry(), dispose: async () => {} }));
