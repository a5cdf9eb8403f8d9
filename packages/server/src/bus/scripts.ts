/**
 * What Redis does in one piece for a logged topic. Offsets lie below 2^53, so Lua's doubles hold them exactly; `%.0f` writes them without
 * an exponent. All keys of a call carry the tag of one partition, the channel too, as a cluster asks for.
 *
 * `place` is { epoch, last, since }: the offsets of a partition rise over all of its topics, and `since` says from where on this Redis knows
 * them. `meta` is { last, dropped, first, count, bytes, age }: `last` the topic's last offset, `dropped` the last one of which the message is gone,
 * `first` the oldest one held. The stream has the offset as its id; `e` is the envelope, `x` when it expires.
 */
const COMMON = `
local function whole(n) return string.format('%.0f', n) end
local function nowMs()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
local function begin(key, epoch, now, back)
  redis.call('HSET', key, 'epoch', epoch, 'last', '0', 'since', whole((now - back) * 2048))
end
`;

/**
 * Gives a message its place, appends it and publishes it. The id known already: nothing happens, and the answer is the place it has.
 * keys: place, meta, log, ids, channel
 * args: id, envelope, count, age, bytes, fresh epoch, epoch that it was accepted in before or '', command to publish, '1' if a full log refuses,
 *       expiry or '', ms that ids are kept, most ids, ms that meta is kept, most messages dropped, ms before its birth that a partition answers for
 * answers { epoch, offset, previous, '1' if it was there before } or { 'FULL', 'count' or 'bytes' }
 */
export const APPEND = `${COMMON}
local id, envelope = ARGV[1], ARGV[2]
local countMax, ageMs, bytesMax = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local place = redis.call('HMGET', KEYS[1], 'epoch', 'last')
local epoch, lastOfAll = place[1], tonumber(place[2] or '0')
if epoch then
  local known = redis.call('ZSCORE', KEYS[4], id)
  if known then return { epoch, whole(tonumber(known)), '0', '1' } end
end
local now = nowMs()
local meta = redis.call('HMGET', KEYS[2], 'last', 'dropped', 'first', 'count', 'bytes')
local previous, dropped, first = tonumber(meta[1] or '0'), tonumber(meta[2] or '0'), tonumber(meta[3] or '0')
local count, bytes = tonumber(meta[4] or '0'), tonumber(meta[5] or '0')
if redis.call('XLEN', KEYS[3]) ~= count then
  -- expired as a whole, or evicted
  redis.call('DEL', KEYS[3])
  dropped, first, count, bytes = previous, 0, 0, 0
end
local size = string.len(envelope)
local refuses = ARGV[9] == '1'
local function offsetOf(entry) return tonumber(string.match(entry[1], '^%d+')) end
local function drop(entry)
  redis.call('XDEL', KEYS[3], entry[1])
  dropped, count, bytes = math.max(dropped, offsetOf(entry)), count - 1, bytes - string.len(entry[2][2])
end
for _ = 1, tonumber(ARGV[14]) do
  if count == 0 then break end
  local isOld = math.floor(first / 2048) + ageMs <= now
  local isFull = count + 1 > countMax or bytes + size > bytesMax
  if not isOld and (refuses or not isFull) then break end
  local two = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', '2')
  drop(two[1])
  first = two[2] and offsetOf(two[2]) or 0
end
if refuses and count > 0 and (count + 1 > countMax or bytes + size > bytesMax) then
  for _, entry in ipairs(redis.call('XRANGE', KEYS[3], '-', '+')) do
    if entry[2][4] and tonumber(entry[2][4]) <= now then drop(entry) end
  end
  local one = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', '1')
  first = one[1] and offsetOf(one[1]) or 0
end
local isFull = refuses and (count + 1 > countMax or bytes + size > bytesMax)
local offset = math.max(lastOfAll + 1, now * 2048)
if not isFull then
  if not epoch then
    epoch = ARGV[6]
    begin(KEYS[1], epoch, now, tonumber(ARGV[15]))
  elseif epoch == ARGV[7] then
    -- it was accepted in this epoch and is not here: a failover has lost what came last
    epoch = ARGV[6]
  end
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'last', whole(offset))
  if size > bytesMax then
    -- it is heard, and never held
    dropped, first, count, bytes = offset, 0, 0, 0
    redis.call('DEL', KEYS[3])
  elseif ARGV[10] == '' then
    redis.call('XADD', KEYS[3], whole(offset) .. '-0', 'e', envelope)
  else
    redis.call('XADD', KEYS[3], whole(offset) .. '-0', 'e', envelope, 'x', ARGV[10])
  end
  if size <= bytesMax then
    if count == 0 then first = offset end
    count, bytes = count + 1, bytes + size
  end
  redis.call('PEXPIRE', KEYS[3], whole(ageMs + 1000))
  redis.call('ZADD', KEYS[4], whole(offset), id)
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', whole(offset - tonumber(ARGV[11]) * 2048))
  redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -tonumber(ARGV[12]) - 1)
  redis.call('PEXPIRE', KEYS[4], ARGV[11])
end
redis.call('HSET', KEYS[2], 'last', whole(isFull and previous or offset), 'dropped', whole(dropped), 'first', whole(first),
  'count', whole(count), 'bytes', whole(bytes), 'age', whole(ageMs))
redis.call('PEXPIRE', KEYS[2], whole(ageMs + tonumber(ARGV[13])))
if isFull then return { 'FULL', count + 1 > countMax and 'count' or 'bytes' } end
redis.call(ARGV[8], KEYS[5], whole(offset) .. ' ' .. whole(previous) .. ' ' .. epoch .. ' ' .. envelope)
return { epoch, whole(offset), whole(previous), '0' }
`;

/**
 * What the log of a topic holds after an offset.
 * keys: place, meta, log
 * args: offset or '' for all, most messages, fresh epoch, ms before its birth that a partition answers for, 'last' for the newest first, bytes with
 *       which it ends
 * answers { epoch, since, last, dropped, now, entries, '1' if it ended by bytes, last of the partition }; of what is over age nothing is held
 */
export const READ = `${COMMON}
local now = nowMs()
local place = redis.call('HMGET', KEYS[1], 'epoch', 'since', 'last')
if not place[1] then
  begin(KEYS[1], ARGV[3], now, tonumber(ARGV[4]))
  place = redis.call('HMGET', KEYS[1], 'epoch', 'since', 'last')
end
local meta = redis.call('HMGET', KEYS[2], 'last', 'dropped', 'count', 'age')
local last, dropped = tonumber(meta[1] or '0'), tonumber(meta[2] or '0')
if redis.call('XLEN', KEYS[3]) ~= tonumber(meta[3] or '0') then dropped = last end
local from = tonumber(ARGV[1] ~= '' and ARGV[1] or '0')
local horizon = meta[4] and (now - tonumber(meta[4])) * 2048 or 0
if horizon > from then
  local gone = redis.call('XREVRANGE', KEYS[3], whole(horizon) .. '-0', '-', 'COUNT', '1')
  if gone[1] then dropped = math.max(dropped, tonumber(string.match(gone[1][1], '^%d+'))) end
  from = horizon
end
local entries, bytes, isCut = {}, 0, false
local isBack, limit = ARGV[5] == 'last', tonumber(ARGV[2])
local low, high = '(' .. whole(from) .. '-0', '+'
while #entries < limit and not isCut do
  local some
  local count = math.min(16, limit - #entries)
  if isBack then some = redis.call('XREVRANGE', KEYS[3], high, low, 'COUNT', count)
  else some = redis.call('XRANGE', KEYS[3], low, high, 'COUNT', count) end
  for _, entry in ipairs(some) do
    isCut = bytes >= tonumber(ARGV[6])
    if isCut then break end
    entries[#entries + 1] = entry
    bytes = bytes + string.len(entry[2][2])
  end
  if #some < count then break end
  if isBack then high = '(' .. some[#some][1] else low = '(' .. some[#some][1] end
end
return { place[1], place[2] or '0', whole(last), whole(dropped), whole(now), entries, isCut and '1' or '0', place[3] or '0' }
`;

/**
 * Where the logs of topics of one partition end. One that ends before what its asker has seen in this epoch has lost messages: a new epoch
 * begins, whose offsets lie above all that was seen.
 * keys: place, meta of each topic
 * args: epoch of the asker, fresh epoch, ms before its birth that a partition answers for, last offset of each topic that it has seen, or none
 * answers { epoch, since, last offset of each topic }
 */
export const TAILS = `${COMMON}
local place = redis.call('HMGET', KEYS[1], 'epoch', 'last', 'since')
if not place[1] then
  begin(KEYS[1], ARGV[2], nowMs(), tonumber(ARGV[3]))
  place = redis.call('HMGET', KEYS[1], 'epoch', 'last', 'since')
end
local epoch, top, isBehind = place[1], tonumber(place[2]), false
local answer = {}
for i = 2, #KEYS do
  local last, seen = tonumber(redis.call('HGET', KEYS[i], 'last') or '0'), tonumber(ARGV[i + 2] or '0')
  if epoch == ARGV[1] and seen > last then isBehind = true end
  if seen > top then top = seen end
  answer[i] = whole(last)
end
if isBehind then
  epoch = ARGV[2]
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'last', whole(top))
end
answer[1] = epoch
table.insert(answer, 2, place[3] or '0')
return answer
`;
