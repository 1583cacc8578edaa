// Each looks and acts in one step. KEYS[1] is the lock, 1 means that it is (or was) ours.

/** What a lock holds for a while after it was given up, as opposed to one that Redis has lost. */
const RELEASED = 'released';

/**
 * ARGV: token of the process, value, ms, 1 if a lock that is not there is free. Takes a free lock, and also one of this
 * very process: the answer to an earlier try, or to a release, may have been lost. Answers -2 when it has taken it, else
 * what PTTL says: the milliseconds that somebody else has it for, or -1 when it is not there.
 */
export const TAKE = `
local held = redis.call('GET', KEYS[1])
if held and held ~= '${RELEASED}' and string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then return math.max(0, redis.call('PTTL', KEYS[1])) end
if not held and ARGV[4] ~= '1' then return -1 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return -2`;

/** ARGV: value, ms. Also takes a free lock: it was emptied, and the time for which we had it is not over yet. */
export const RENEW = `
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

/** ARGV: value, ms for which the release can be seen. */
export const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], '${RELEASED}', 'PX', ARGV[2])
return 1`;
