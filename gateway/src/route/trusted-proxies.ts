import { BlockList, isIP } from 'node:net';

/** The proxies whose forwarded headers are believed: those with an address in one of the blocks. */
export class TrustedProxies {
  readonly #blocks = new BlockList();

  /** CIDR blocks, as the cluster's settings have them: `10.0.0.0/8`, `fd00::/8`. */
  constructor(blocks: readonly string[]) {
    for (const block of blocks) {
      const [address = '', bits = ''] = block.split('/');
      this.#blocks.addSubnet(address, Number(bits), familyOf(address));
    }
  }

  /** False for what is not an IP address. */
  trusts(address: string): boolean {
    return isIP(address) !== 0 && this.#blocks.check(address, familyOf(address));
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
