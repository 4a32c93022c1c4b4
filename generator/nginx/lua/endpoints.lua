-- Endpoints that change without a reload. nginx runs this by its Lua module.
--
-- They are kept in a dictionary that all workers share and that outlives reloads. Two ways
-- lead into it: the file live/endpoints, read whenever a master starts or reloads, before
-- its workers take a request; and a POST to /endpoints of the status listener. Both have a
-- line for each upstream, "NAME ADDRESS:PORT ADDRESS:PORT". A token says which endpoints
-- the dictionary has; it is written last, so that nobody takes old ones for those.

local balancer = require "ngx.balancer"

local shared = ngx.shared.pillion_endpoints
local TOKEN = " token"          -- no name holds a blank
local KEPT_S = 300              -- of an upstream that is gone: old workers may still pass requests
local NO_PEER = -3              -- NGX_BUSY: "no live upstreams"
local MOST_BYTES = 134217728    -- of the file, as in the volume's contract

-- The volume: this file lies in its folder files/.
local volume = debug.getinfo(1, "S").source:match("^@(.*)/files/[^/]+$")
local key

local function read(path)
    local file = io.open(path, "rb")
    if not file then
        return nil
    end
    local text = file:read(MOST_BYTES)
    file:close()
    return text
end

local function are_endpoints(text)
    for endpoint in text:gmatch("%S+") do
        local port = endpoint:match("^[%d.]+:(%d+)$") or endpoint:match("^%[[%x:.]+%]:(%d+)$")
        if not port or #port > 5 or tonumber(port) < 1 or tonumber(port) > 65535 then
            return false
        end
    end
    return true
end

-- All of the lines are looked at before the first is taken.
local function parse(lines)
    local names, endpoints = {}, {}
    for line in lines:gmatch("[^\n]+") do
        local name, rest = line:match("^([%w._-]+)(.*)$")
        if not name or not are_endpoints(rest) or (rest ~= "" and rest:sub(1, 1) ~= " ") then
            return nil, "a line is not a name and its endpoints"
        end
        names[#names + 1], endpoints[name] = name, rest
    end
    return names, endpoints
end

local function store(names, endpoints, token)
    shared:delete(TOKEN)
    for _, name in ipairs(names) do
        if endpoints[name] == "" then
            shared:expire(name, KEPT_S)
        else
            -- `set` would push out others where there is no room.
            local ok, problem = shared:safe_set(name, endpoints[name])
            if not ok then
                return nil, problem
            end
        end
    end
    return shared:safe_set(TOKEN, token)
end

local function forget_others(endpoints)
    for _, name in ipairs(shared:get_keys(0)) do
        if name ~= TOKEN and not endpoints[name] and shared:ttl(name) == 0 then
            shared:expire(name, KEPT_S)
        end
    end
end

local function load()
    key = read(volume .. "/live/endpoints.key")
    local text = read(volume .. "/live/endpoints")
    if not text then
        return nil, "live/endpoints cannot be read"
    end
    local version, hash, at = text:match("^# pillion endpoints (%d+) sha256 (%x+)\n()")
    if not version then
        return nil, "the first line of live/endpoints is not what it should be"
    end
    local token = version .. "-" .. hash:sub(1, 16)
    if token == shared:get(TOKEN) then
        return true
    end
    local names, endpoints = parse(text:sub(at))
    if not names then
        return nil, endpoints
    end
    local ok, problem = store(names, endpoints, token)
    forget_others(endpoints)
    return ok, problem
end

local M = {}

local function answer(status, text)
    ngx.status = status
    ngx.say(text)
end

local function take(body)
    local base, token, at = body:match("^(%S+) (%S+)\n()")
    if not base then
        return 400, "the first line is not two tokens"
    end
    if base ~= "*" and base ~= shared:get(TOKEN) then
        return 409, "others are here than these go on from"
    end
    local names, endpoints = parse(body:sub(at))
    if not names then
        return 400, endpoints
    end
    local ok, problem = store(names, endpoints, token)
    if not ok then
        return 507, problem
    end
    return 200, shared:get(TOKEN)
end

-- /endpoints: GET tells the token, POST takes lines from who knows the key. Strings are
-- interned, so comparing them takes the same time however much of a guess is right.
function M.listen()
    local method = ngx.req.get_method()
    if method == "GET" then
        return answer(200, shared:get(TOKEN) or "")
    elseif method ~= "POST" then
        return answer(405, "GET or POST")
    elseif not key or ngx.var.http_x_pillion_key ~= key then
        return answer(403, "the key is not that of live/endpoints.key")
    end
    ngx.req.read_body()
    local body = ngx.req.get_body_data()
    if not body then
        return answer(400, "no body")
    end
    return answer(take(body))
end

-- --- each request ---------------------------------------------------------------------------

local known = {}    -- what this worker has parsed, by name
local is_seeded

local function start(count)
    -- Workers are forked with one state of the generator; they must not go in step.
    if not is_seeded then
        math.randomseed(ngx.worker.pid() + ngx.now() * 1000)
        is_seeded = true
    end
    return math.random(count)
end

local function peers_of(name)
    local token = shared:get(TOKEN)
    local peers = known[name]
    if peers and token and peers.token == token then
        return peers
    end
    local text = shared:get(name) or ""
    if not peers or peers.text ~= text then
        peers = { text = text }
        for address, port in text:gmatch("(%S+):(%d+)") do
            peers[#peers + 1] = { address, tonumber(port) }
        end
        peers.turn = #peers > 0 and start(#peers) or 0
        known[name] = peers
    end
    peers.token = token
    return peers
end

-- In turn, as nginx does it; a request that fails goes on to those that it has not tried.
function M.balance()
    local peers = peers_of(ngx.var.pillion_upstream)
    local count = #peers
    if count == 0 then
        return ngx.exit(NO_PEER)
    end
    local turn = peers.turn % count + 1
    if count > 1 then
        local context = ngx.ctx
        local last = context.pillion_turn
        if last then
            turn = last % count + 1
        else
            balancer.set_more_tries(count - 1)
            peers.turn = turn
        end
        context.pillion_turn = turn
    end
    local peer = peers[turn]
    local ok, problem = balancer.set_current_peer(peer[1], peer[2])
    if not ok then
        ngx.log(ngx.ERR, "endpoint ", peer[1], ": ", problem)
        return ngx.exit(NO_PEER)
    end
end

local ok, problem = load()
if not ok then
    ngx.log(ngx.ERR, "endpoints are not read: ", problem)
end
package.loaded.pillion_endpoints = M
