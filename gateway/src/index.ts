export { startGateway } from './app.ts';
export { type GatewayConfig, OPTIONS as GATEWAY_OPTIONS } from './config.ts';
export { createGateway, type Gateway, type GatewayOptions } from './gateway.ts';
export { DEFAULT_LIMITS, type Limits } from './limits.ts';
