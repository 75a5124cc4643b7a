-- The budget of one category, shared by processes: the arithmetic of core/rate_limits/bucket.py.
--
-- KEYS[1]  the packed state, a `BucketState`.
-- KEYS[2]  leases of requests in flight, by the time at which they expire, so that those of a dead process end.
-- KEYS[3]  what is known about the daily quota of the token, a packed `DailyQuotaState`.
-- ARGV[1]  the packed message, a `StoreRequest` of store.py. The reply is its `StoreReply`.
--
-- Times in messages are seconds from now, by the store's clock: the clocks of the processes need not agree.

local GUARD, ROUNDING, ROUNDED_UP = 1.0, 2.0, 1.0
local MAX_PROBES, PROBES_DOUBLE_AFTER = 8, 5.0
local MAX_SHARERS, CONTENDED_WINDOWS = 16, 2
local LONGEST_UNSTATED_WAIT = 60.0
local PAST = {'previous_end', 'rolled_at', 'unknown_since', 'as_of', 'unanswered_at', 'refused_at'}
local TIMES = {'earliest_end', 'latest_end', 'held_until', unpack(PAST)}
local NUMBERS = {
  'limit', 'window', 'unanswered', 'used', 'max_in_flight', 'contended_windows', 'sharers',
  'unstated_refusals', unpack(TIMES)
}
local DAILY_TIMES = {'ends_at', 'refused_until', 'as_of'}
local LONGEST_DAY, ASK_AGAIN_AFTER, AT_ONCE = 86400 + ROUNDED_UP, 60.0, 1.0

local message = cmsgpack.unpack(ARGV[1])
local now = message.now
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1e6
end

local function shifted(times, seconds, names)
  for _, name in ipairs(names or TIMES) do
    times[name] = times[name] + seconds
  end
  return times
end

-- A value that is no state is replaced, not an error for ever.
local function read(key, names)
  local readable, value = pcall(cmsgpack.unpack, redis.call('GET', key) or '')
  readable = readable and type(value) == 'table' and type(value.remaining or 0) == 'number'
  for _, name in ipairs(names) do
    readable = readable and type(value[name]) == 'number'
  end
  return readable and value or nil
end

local state = read(KEYS[1], NUMBERS) or shifted(message.state, now)
state.seen_length = state.seen_length or 0

-- The clock of the store may be set back: nothing can have happened later than now.
local newest = now
for _, name in ipairs(PAST) do
  newest = math.max(newest, state[name])
end
if newest > now then
  shifted(state, now - newest)
  for _, lease in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], now + message.lease_seconds, '+inf')) do
    redis.call('ZADD', KEYS[2], now + message.lease_seconds, lease)
  end
end
local in_flight = redis.call('ZCARD', KEYS[2])

local function budget()
  return math.max(1, math.floor(state.limit * message.share))
end

local function left()
  return math.min(state.remaining - state.unanswered, budget() - state.used) - in_flight
end

local function roll(at)
  if at < state.latest_end + GUARD then
    return
  end
  state.previous_end = state.latest_end
  state.rolled_at, state.unknown_since = at, at
  state.remaining, state.first_used_by_others = nil, nil
  state.earliest_end, state.latest_end = math.huge, math.huge
  state.unanswered, state.used, state.max_in_flight = 0, 0, 1
  state.contended_windows = math.max(0, state.contended_windows - 1)
  state.without_headers = false
end

local function is_counted_only()
  return state.without_headers and not state.is_enforced and not message.is_assumed
end

local function wait(priority)
  if now < state.held_until then
    return state.held_until - now
  end
  if not state.remaining then
    if not message.documented then
      return 0
    end
    if in_flight >= MAX_PROBES then
      return math.huge
    end
    local seconds = in_flight > 0 and PROBES_DOUBLE_AFTER * math.log(in_flight + 1) / math.log(2) or 0
    return math.max(0, state.unknown_since + seconds - now)
  end
  if is_counted_only() then
    if left() <= 0 and in_flight >= MAX_PROBES then
      return math.huge
    end
  else
    if left() <= 0 or (state.without_headers and now >= state.earliest_end) then
      return state.latest_end + GUARD - now
    end
    if priority == 1 and message.reserve > 0 then
      local freed = state.latest_end - (left() - 1) * state.window / message.reserve
      if now < freed then
        return freed - now
      end
    end
  end
  if in_flight >= state.max_in_flight then
    return math.huge
  end
  if state.contended_windows > 0
      and in_flight >= math.max(1, (state.remaining - state.unanswered) / (2 * state.sharers)) then
    return math.huge
  end
  return 0
end

local function unanswered(at, sent)
  roll(at)
  if sent >= state.rolled_at then
    state.unanswered, state.unanswered_at = state.unanswered + 1, at
    state.used = state.used + 1
  end
end

local function adopt(at, remaining, low, high)
  state.remaining = remaining
  state.earliest_end, state.latest_end = low, high
  state.used = state.unanswered
  state.first_used_by_others = nil
  state.as_of = at
end

local function count(at, sent)
  if state.remaining then
    state.remaining = math.max(0, state.remaining - 1)
  elseif message.documented and sent >= state.rolled_at then
    adopt(at, state.limit - 1, sent + state.window, at + state.window)
    state.without_headers = true
  end
  state.used, state.max_in_flight = state.used + 1, state.max_in_flight + 1
end

local function look_for_others(refused, remaining)
  local by_others = state.limit - remaining - state.used - in_flight
  state.first_used_by_others = state.first_used_by_others or by_others
  if refused or by_others > state.first_used_by_others then
    state.contended_windows = CONTENDED_WINDOWS
    local more = math.max(0, by_others - state.first_used_by_others)
    state.sharers = math.min(MAX_SHARERS, 1 + more / math.max(1, state.used))
  end
end

local function see_length(reset)
  if reset then
    state.seen_length = math.max(state.seen_length, math.min(reset, state.window))
  end
end

local function learn(at, sent, refused, stated, reset)
  local remaining = stated or math.max(0, (state.remaining or state.limit) - 1)
  local low, high = sent, at + state.window
  if reset then
    low, high = sent + reset - ROUNDING, at + reset
  end
  if refused then
    remaining, high = 0, math.max(high, at + math.max(1, reset or 0))
  end
  if not state.remaining then
    if sent < state.rolled_at and low <= state.previous_end and not refused then
      return
    end
    adopt(at, remaining, low, high)
    if not refused and (stated == state.limit - 1 or state.rolled_at > -math.huge) then
      see_length(reset)
    end
  elseif low > state.latest_end then
    adopt(at, remaining, low, high)
    if not refused then
      see_length(reset)
    end
  elseif high < state.earliest_end then
    if sent <= state.as_of then
      return
    end
    adopt(at, remaining, low, high)
  else
    state.remaining = math.min(state.remaining, remaining)
    state.earliest_end = math.max(state.earliest_end, low)
    state.latest_end = math.min(state.latest_end, high)
  end
  state.without_headers = false
  if sent > state.unanswered_at then
    state.unanswered = 0
  end
  if sent > state.as_of then
    state.as_of = at
  end
  state.used, state.max_in_flight = state.used + 1, state.max_in_flight + 1
  look_for_others(refused, remaining)
end

local function hold_back(outcome, at, sent)
  state.used = state.used + 1
  if state.without_headers and state.remaining and left() <= 0 then
    return
  end
  if sent < state.refused_at then
    return
  end
  local refusals = state.unstated_refusals
  state.refused_at, state.unstated_refusals = at, math.min(refusals + 1, 10)
  if refusals > 0 then
    local longest = math.min(LONGEST_UNSTATED_WAIT, state.window + ROUNDED_UP, 2 ^ (refusals - 1))
    state.held_until = at + (outcome.draw or 0) * longest
  end
end

local function answered(outcome, at, sent)
  roll(at)
  state.limit = outcome.limit or state.limit
  if outcome.window then
    state.window, state.seen_length = outcome.window, outcome.window
    if state.remaining then
      state.latest_end = math.min(state.latest_end, at + state.window + ROUNDED_UP)
      state.earliest_end = math.min(state.earliest_end, state.latest_end)
    end
  end
  local reset = outcome.reset and math.min(outcome.reset, state.window + ROUNDED_UP)
  state.is_enforced = state.is_enforced or outcome.refused or outcome.has_headers
  if outcome.refused and outcome.names_no_wait then
    hold_back(outcome, at, sent)
    return
  end
  state.unstated_refusals = 0
  if outcome.remaining or reset then
    learn(at, sent, outcome.refused, outcome.remaining, reset)
  else
    count(at, sent)
  end
end

-- The requests of a dead process have an unknown outcome.
for _, lease in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
  local expired = tonumber(redis.call('ZSCORE', KEYS[2], lease))
  redis.call('ZREM', KEYS[2], lease)
  in_flight = in_flight - 1
  unanswered(now, expired - message.lease_seconds)
end

for _, outcome in ipairs(message.outcomes) do
  if outcome.lease then
    in_flight = in_flight - redis.call('ZREM', KEYS[2], outcome.lease)
  end
  if outcome.kind == 'answered' then
    answered(outcome, now + outcome.at, now + outcome.sent)
  elseif outcome.kind == 'unanswered' then
    unanswered(now + outcome.at, now + outcome.sent)
  end
end

local function is_count(value)
  return value >= 0 and value < 2 ^ 53 and value % 1 == 0
end

local function is_possible(quota)
  return is_count(quota.limit - 1) and is_count(quota.remaining or 0)
    and quota.refused_until <= now + ASK_AGAIN_AFTER and quota.as_of <= now
    and (quota.ends_at <= now + LONGEST_DAY or quota.ends_at == math.huge)
end

local daily = read(KEYS[3], {'limit', unpack(DAILY_TIMES)})
if daily and daily.as_of > now then
  shifted(daily, now - daily.as_of, DAILY_TIMES)
end
if daily and not is_possible(daily) then
  daily = nil
end

-- The newest report wins. Of two at about the same time, it is the one that refuses.
local reported = message.daily and shifted(message.daily, now, DAILY_TIMES)
if reported and daily and message.daily_is_new then
  local lifts = daily.refused_until > now and reported.refused_until <= now
  if reported.as_of - daily.as_of >= (lifts and AT_ONCE or -AT_ONCE) then
    daily = reported
  end
end
daily = daily or reported
local day_left = daily and math.ceil(math.min(LONGEST_DAY, daily.ends_at - now)) or 0
if day_left > 0 then
  redis.call('SET', KEYS[3], cmsgpack.pack(daily), 'EX', day_left)
else
  daily = nil
end

roll(now)
local granted, seconds = 0, 0
for number, priority in ipairs(message.priorities) do
  seconds = wait(priority)
  if seconds > 0 then
    break
  end
  if not state.remaining and in_flight == 0 then
    state.unknown_since = now
  end
  redis.call('ZADD', KEYS[2], string.format('%.6f', now + message.lease_seconds), message.leases[number])
  in_flight = in_flight + 1
  granted = granted + 1
end

state.in_flight = in_flight
local keep = math.ceil(3 * state.window + message.lease_seconds)
redis.call('SET', KEYS[1], cmsgpack.pack(state), 'EX', keep)
if in_flight > 0 then
  redis.call('EXPIRE', KEYS[2], keep)
end
return cmsgpack.pack({
  granted = granted,
  wait = seconds,
  state = shifted(state, -now),
  daily = daily and shifted(daily, -now, DAILY_TIMES)
})
