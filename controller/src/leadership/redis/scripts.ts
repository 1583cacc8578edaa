// Each looks and acts in one step. KEYS[1] is the lock, 1 means that it is (or was) ours.

/**
 * ARGV: token of the process, value, ms. Takes a free lock, and also one of this very process: the answer to an earlier
 * try, or to a release, may have been lost.
 */
export const TAKE = `
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;

/** ARGV: value, ms. Also takes a free lock: it was emptied, and the time for which we had it is not over yet. */
export const RENEW = `
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

/** ARGV: value. */
export const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;
