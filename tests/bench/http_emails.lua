-- SPDX-License-Identifier: Apache-2.0
-- wrk: each request classifies the next of the emails in the file EMAILS, one JSON a line.
local requests, at = {}, 0

function init()  -- the header Host is set by now
  wrk.headers["Content-Type"] = "application/json"
  for line in io.lines(os.getenv("EMAILS")) do
    requests[#requests + 1] = wrk.format("POST", nil, nil, line)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
