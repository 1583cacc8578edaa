import { WsClusterError } from '../errors.ts';
import type { Route } from './schema.ts';

/**
 * Compiles what the node gets instead of a path that its route matches, which thus begins with the prefix. The function
 * throws REQUEST_INVALID for a result that others would read as a host.
 */
export function compileRewrite(rewrite: Route['rewrite']): (path: string) => string {
  if (rewrite === undefined) return (path) => path;
  const { prefix, replacement = '/' } = rewrite;
  const from = prefix === '/' ? 0 : prefix.length;
  const to = replacement === '/' ? '' : replacement;
  return (path) => {
    const rewritten = `${to}${path.slice(from)}`;
    if (rewritten.startsWith('//'))
      throw new WsClusterError('REQUEST_INVALID', 'the path must not have two slashes after its prefix', {
        field: 'path',
      });
    return rewritten === '' ? '/' : rewritten;
  };
}
