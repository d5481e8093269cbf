-- Asks for random links of a table made by bench/make-links.
--
--   bench/make-links 1000000 > /tmp/links.txt
--   carom serve /tmp/links.txt --cores 0, &
--   taskset -c 1 wrk -t1 -c64 -d10s -s bench/wrk/links.lua http://127.0.0.1:8080 -- 1000000
--
-- Arguments after `--`: how many links there are (default 1000), and how many
-- requests to pipeline (default 1).

local links, depth = 1000, 1

function init(args)
    links = tonumber(args[1]) or links
    depth = tonumber(args[2]) or depth
    math.randomseed(os.time())
    wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36"
    wrk.headers["Referer"] = "https://news.example/front-page"
end

function request()
    local batch = {}
    for i = 1, depth do
        batch[i] = wrk.format("GET", string.format("/go/%07d", math.random(0, links - 1)))
    end
    return table.concat(batch)
end
