/** Addresses of the Services of every cluster. */
export const SERVICES = '10.96.0.0/16';
/** Address of the Service `kubernetes`: the first one. */
export const API_SERVICE = '10.96.0.1';
export const DNS_SERVICE = '10.96.0.10';
export const DOMAIN = 'cluster.local';
