import { alwaysLeader } from '@wscluster/controller/adapters/local/always-leader';
import { leadershipContract } from './leadership.ts';

leadershipContract('the lone controller', false, async () => ({
  candidate: async () => alwaysLeader(),
  dispose: async () => {},
}));
