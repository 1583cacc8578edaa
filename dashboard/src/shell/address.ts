/** The settings in the page's address: `?cluster=chat&gateways=ws://localhost:7000`. */
export function fromAddress(name: 'cluster' | 'gateways'): string | undefined {
  return new URLSearchParams(location.search).get(name) ?? undefined;
}

export function addressOf(cluster: string): string {
  const query = new URLSearchParams(location.search);
  query.set('cluster', cluster);
  return `?${query}`;
}
