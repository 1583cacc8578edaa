// Each script checks and acts atomically. KEYS[1] is the lock.

/** The value of a lock for a while after its release, to tell a released lock from one that Redis has lost. */
export const RELEASED = 'released';

/**
 * ARGV: token of the process, value, ms, 1 if a missing lock is free. Takes a free lock, and also one that this process
 * holds: the answer to an earlier attempt, or to a release, may have been lost. Then answers like LOOK.
 */
export const TAKE = `
local held = redis.call('GET', KEYS[1])
local free = held == '${RELEASED}' or (not held and ARGV[4] == '1')
if free or (held and string.sub(held, 1, #ARGV[1]) == ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  held = ARGV[2]
end
return {held, redis.call('PTTL', KEYS[1])}`;

/** Answers the lock's value (nil if there is none) and the milliseconds until it expires (below 0 if it does not). */
export const LOOK = `
return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}`;

/** ARGV: value, ms. Also takes a missing lock: Redis has lost it before its time. Answers 1 if the lock is ours. */
export const RENEW = `
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

/** ARGV: value, ms during which the release is visible. Answers 1 if the lock was ours. */
export const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], '${RELEASED}', 'PX', ARGV[2])
return 1`;
