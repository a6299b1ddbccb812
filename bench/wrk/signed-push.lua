-- Sends GitHub pushes: each with a delivery id and a commit of its own, really signed.
-- Environment: BODY (file with the payload), SECRET, FIRST (where this run's ids begin).
local ffi = require("ffi")
ffi.cdef [[
  const void *EVP_sha256(void);
  unsigned char *HMAC(const void *md, const void *key, int key_len, const unsigned char *d, size_t n,
                      unsigned char *out, unsigned int *out_len);
]]
local crypto = ffi.load("crypto.so.3")

local file = assert(io.open(os.getenv("BODY"), "rb"))
local template = file:read("*a")
file:close()
local secret = os.getenv("SECRET")
local before, after = template:match("^(.-)0123456789abcdef0123456789abcdef01234567(.*)$")
assert(before, "the payload has no place for the commit id")

local threads = 0
function setup(thread)
  thread:set("thread_id", threads)
  threads = threads + 1
end

local count = 0
local digest = ffi.new("unsigned char[32]")
local length = ffi.new("unsigned int[1]")

local function hex(bytes)
  local parts = {}
  for i = 0, 31 do parts[i + 1] = string.format("%02x", bytes[i]) end
  return table.concat(parts)
end

local first = tonumber(os.getenv("FIRST") or "0")

function request()
  count = count + 1
  local id = string.format("%08x-%04x-4000-8000-%012x", first, thread_id, count)
  local body = before .. string.format("%08x%04x%028x", first, thread_id, count) .. after
  crypto.HMAC(crypto.EVP_sha256(), secret, #secret, body, #body, digest, length)
  return wrk.format("POST", nil, {
    ["content-type"] = "application/json",
    ["user-agent"] = "GitHub-Hookshot/bench",
    ["x-github-event"] = "push",
    ["x-github-delivery"] = id,
    ["x-hub-signature-256"] = "sha256=" .. hex(digest),
  }, body)
end

-- Only answers that say "taken" count as such.
local bad = 0
function response(status)
  if status < 200 or status > 299 then bad = bad + 1 end
end

function done(summary, latency)
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"p50Ms":%.3f,"p99Ms":%.3f,"maxMs":%.3f,"notOk":%d,"socketErrors":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency.max / 1e3, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
