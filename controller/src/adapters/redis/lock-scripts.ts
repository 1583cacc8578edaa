// Each looks and acts in one step. KEYS[1] is the lock.

/** What a lock holds for a while after it was given up, as opposed to one that Redis has lost. */
export const RELEASED = 'released';

/**
 * ARGV: token of the process, value, ms, 1 if a lock that is not there is free. Takes a free lock, and also one of this
 * very process: the answer to an earlier try, or to a release, may have been lost. Answers as LOOK does, afterwards.
 */
export const TAKE = `
local held = redis.call('GET', KEYS[1])
local free = held == '${RELEASED}' or (not held and ARGV[4] == '1')
if free or (held and string.sub(held, 1, #ARGV[1]) == ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  held = ARGV[2]
end
return {held, redis.call('PTTL', KEYS[1])}`;

/** Answers the lock's value, nil when there is none, and the milliseconds until it expires, below 0 when it does not. */
export const LOOK = `
return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}`;

/**
 * ARGV: value, ms. Also takes a lock that is not there: Redis has lost it before its time. Answers 1 when the lock is ours.
 */
export const RENEW = `
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

/** ARGV: value, ms for which the release can be seen. Answers 1 when the lock was ours. */
export const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], '${RELEASED}', 'PX', ARGV[2])
return 1`;
