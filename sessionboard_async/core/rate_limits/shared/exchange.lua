-- The bucket of one category, shared: the arithmetic of core/bucket.py, carried out where all processes meet.
--
-- KEYS[1]  what is known, packed.
-- KEYS[2]  who is in flight: leases by the moment when they expire, so that nothing stays with a process that died.
-- ARGV[1]  the message, packed: a `StoreRequest` of store.py. The answer is its `StoreReply`.
--
-- Times come and go as seconds from now: the clock is the server's, and processes need not agree on the time.

local GUARD, ROUNDING = 1.0, 2.0
local PROBES, PROBE_DOUBLES = 8, 5.0
local MOST_SHARERS, CONTENDED_WINDOWS = 16, 2
local LONGEST_BLIND_WAIT = 60.0
local TIMES = {
  'earliest_end', 'latest_end', 'previous_end', 'rolled', 'unknown_since', 'as_of', 'lost_at'
}

local message = cmsgpack.unpack(ARGV[1])
local now = message.now
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1e6
end

local function later(state, seconds)
  for _, name in ipairs(TIMES) do
    state[name] = state[name] + seconds
  end
  return state
end

local stored = redis.call('GET', KEYS[1])
local known = stored and cmsgpack.unpack(stored) or later(message.known, now)
local in_flight = redis.call('ZCARD', KEYS[2])

local function budget()
  return math.max(1, math.floor(known.limit * message.share))
end

local function left()
  return math.min(known.remaining - known.lost, budget() - known.spent) - in_flight
end

local function roll(at)
  if at < known.latest_end + GUARD then
    return
  end
  known.previous_end = known.latest_end
  known.rolled, known.unknown_since = at, at
  known.remaining, known.first_foreign = nil, nil
  known.earliest_end, known.latest_end = math.huge, math.huge
  known.lost, known.spent, known.ramp = 0, 0, 1
  known.contended = math.max(0, known.contended - 1)
  known.counted_here = false
end

local function wait(priority)
  if not known.remaining then
    if not message.documented then
      return 0
    end
    if in_flight >= PROBES then
      return math.huge
    end
    local seconds = in_flight > 0 and PROBE_DOUBLES * math.log(in_flight + 1) / math.log(2) or 0
    return math.max(0, known.unknown_since + seconds - now)
  end
  if left() <= 0 or (known.counted_here and now >= known.earliest_end) then
    return known.latest_end + GUARD - now
  end
  if priority == 1 and message.reserve > 0 then
    local freed = known.latest_end - (left() - 1) * known.window / message.reserve
    if now < freed then
      return freed - now
    end
  end
  if in_flight >= known.ramp then
    return math.huge
  end
  if known.contended > 0
      and in_flight >= math.max(1, (known.remaining - known.lost) / (2 * known.sharers)) then
    return math.huge
  end
  return 0
end

local function lose(at, sent)
  roll(at)
  if sent >= known.rolled then
    known.lost, known.lost_at = known.lost + 1, at
    known.spent = known.spent + 1
  end
end

local function adopt(at, remaining, low, high)
  known.remaining = remaining
  known.earliest_end, known.latest_end = low, high
  known.spent = known.lost
  known.first_foreign = nil
  known.as_of = at
end

local function count(at, sent)
  if known.remaining then
    known.remaining = math.max(0, known.remaining - 1)
  elseif message.documented and sent >= known.rolled then
    adopt(at, known.limit - 1, sent + known.window, at + known.window)
    known.counted_here = true
  end
  known.spent, known.ramp = known.spent + 1, known.ramp + 1
end

local function look_for_others(refused, remaining)
  local foreign = known.limit - remaining - known.spent - in_flight
  known.first_foreign = known.first_foreign or foreign
  if refused or foreign > known.first_foreign then
    known.contended = CONTENDED_WINDOWS
    local more = math.max(0, foreign - known.first_foreign)
    known.sharers = math.min(MOST_SHARERS, 1 + more / math.max(1, known.spent))
  end
end

local function learn(at, sent, refused, stated, reset)
  local remaining = stated or math.max(0, (known.remaining or known.limit) - 1)
  local low, high = sent, at + known.window
  if reset then
    low, high = sent + reset - ROUNDING, at + reset
  end
  if refused then
    remaining, high = 0, math.max(high, at + math.max(1, reset or 0))
  end
  if not known.remaining then
    if sent < known.rolled and low <= known.previous_end and not refused then
      return
    end
    adopt(at, remaining, low, high)
  elseif low > known.latest_end then
    adopt(at, remaining, low, high)
  elseif high < known.earliest_end then
    if sent <= known.as_of then
      return
    end
    adopt(at, remaining, low, high)
  else
    known.remaining = math.min(known.remaining, remaining)
    known.earliest_end = math.max(known.earliest_end, low)
    known.latest_end = math.min(known.latest_end, high)
  end
  known.counted_here = false
  if sent > known.lost_at then
    known.lost = 0
  end
  if sent > known.as_of then
    known.as_of = at
  end
  known.spent, known.ramp = known.spent + 1, known.ramp + 1
  look_for_others(refused, remaining)
end

local function answered(report, at, sent)
  roll(at)
  known.limit = report.limit or known.limit
  known.window = report.window or known.window
  local reset = report.reset
  if report.refused and not reset then
    local longest = math.min(LONGEST_BLIND_WAIT, 2 ^ known.blind)
    known.blind = math.min(known.blind + 1, 10)
    known.remaining = 0
    known.earliest_end = at + report.draw * longest
    known.latest_end = known.earliest_end
    known.as_of = at
    return
  end
  known.blind = 0
  if report.remaining or reset then
    learn(at, sent, report.refused, report.remaining, reset)
  else
    count(at, sent)
  end
end

-- What a process that died had in flight is lost.
for _, lease in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
  local expired = tonumber(redis.call('ZSCORE', KEYS[2], lease))
  redis.call('ZREM', KEYS[2], lease)
  in_flight = in_flight - 1
  lose(now, expired - message.lease_seconds)
end

for _, report in ipairs(message.reports) do
  if report.lease then
    in_flight = in_flight - redis.call('ZREM', KEYS[2], report.lease)
  end
  if report.kind == 'answered' then
    answered(report, now + report.at, now + report.sent)
  elseif report.kind == 'unanswered' then
    lose(now + report.at, now + report.sent)
  end
end

roll(now)
local granted, seconds = 0, 0
for number, priority in ipairs(message.priorities) do
  seconds = wait(priority)
  if seconds > 0 then
    break
  end
  if not known.remaining and in_flight == 0 then
    known.unknown_since = now
  end
  redis.call('ZADD', KEYS[2], string.format('%.6f', now + message.lease_seconds), message.leases[number])
  in_flight = in_flight + 1
  granted = granted + 1
end

known.in_flight = in_flight
local keep = math.ceil(3 * known.window + message.lease_seconds)
redis.call('SET', KEYS[1], cmsgpack.pack(known), 'EX', keep)
if in_flight > 0 then
  redis.call('EXPIRE', KEYS[2], keep)
end
return cmsgpack.pack({granted = granted, wait = seconds, known = later(known, -now)})
