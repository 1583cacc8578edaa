import { LightGateway } from './light-gateway.ts';
import type { GatewaysSay } from './messages.ts';
import { SIZE } from './size.ts';

// Some of the gateways, with their clients, who come and go.

const TICK_MS = 100;

const [rabbitmqUrl = '', redisUrl = '', part = ''] = process.argv.slice(2);
const count = SIZE.gateways / SIZE.processes;
let serving = 0;
const gateways = Array.from({ length: count }, (_, n) => {
  return new LightGateway({
    ...{ rabbitmqUrl, redisUrl, id: `gateway-${Number(part) * count + n}` },
    connections: SIZE.connections / SIZE.gateways,
    onServing() {
      serving++;
      if (serving === count) process.send?.({ say: 'serve' } satisfies GatewaysSay);
    },
  });
});
for (const gateway of gateways) await gateway.start();

/** Clients that are due to go and come, of all gateways here. */
let due = 0;
let turn = 0;
setInterval(() => {
  due += ((SIZE.churn / SIZE.processes) * TICK_MS) / 1000;
  for (; due >= 1; due--) gateways[turn++ % count]?.churn();
}, TICK_MS);
process.on('disconnect', () => process.exit(0));
