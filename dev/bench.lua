-- Requests for wrk. WORK picks what is asked; every request of `cold` has a cache key of its own.
local work = os.getenv("WORK")
local people = tonumber(os.getenv("PEOPLE"))
local offset = tonumber(os.getenv("OFFSET")) or 0
local turn = offset

function init(args)
    wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")
    if work == "interaction" then wrk.headers["Content-Type"] = "application/json" end
end

function request()
    turn = turn + 1
    local person = turn % people + 1
    if work == "cold" then
        -- A full turn through everybody changes a filter that keeps everyone.
        local round = math.floor(turn / people)
        return wrk.format("GET", "/api/v1/recommendations/users/" .. person .. "/recommendations?max_age=" .. (120 - round % 40))
    elseif work == "filtered" then
        local low = 18 + turn % 30
        return wrk.format("GET", "/api/v1/recommendations/users/" .. person .. "/recommendations?min_age=" .. low .. "&max_age=" .. (low + 12))
    elseif work == "hit" then
        return wrk.format("GET", "/api/v1/recommendations/users/" .. (turn % 100 + 1) .. "/recommendations")
    elseif work == "user" then
        return wrk.format("GET", "/api/v1/users/" .. person)
    elseif work == "interaction" then
        local target = (person * 7919 + math.floor(turn / people)) % people + 1
        if target == person then target = target % people + 1 end
        return wrk.format("POST", "/api/v1/interactions/", nil,
            '{"user_id":' .. person .. ',"target_user_id":' .. target .. ',"interaction_type":"like"}')
    end
    return wrk.format("GET", "/api/v1/health/live")
end

function done(summary, latency, requests)
    local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout
    io.write(string.format("RESULT %d %.0f %.0f %.0f %d\n", summary.requests, summary.requests / (summary.duration / 1e6),
        latency:percentile(50), latency:percentile(99), errors))
end
