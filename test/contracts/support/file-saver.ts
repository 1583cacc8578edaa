import { openFileStore } from '@wscluster/transport';
import { saveRings } from './save-rings.ts';

const [path = '', epoch, count] = process.argv.slice(2);
await saveRings(openFileStore({ path }), Number(epoch), Number(count));
