import { silentLogger } from '@wscluster/service';
import { openRedisStore } from '@wscluster/transport';
import { saveRings } from './save-rings.ts';

const [url = '', epoch, count] = process.argv.slice(2);
await saveRings(openRedisStore({ url, cluster: 'chat', log: silentLogger }), Number(epoch), Number(count));
