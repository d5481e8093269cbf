// Answers for Netlify and Cloudflare Pages, with their own programs. Reads a JSON object a
// line (`dialect`, `text` of a _redirects file, `site`, `asks`: URLs, `own`: carom's locations) and
// writes one: `answers` ([status, location] or null for each URL) and `own`, spelled as a
// browser spells URLs. The packages are in the folder that is the only argument.
import { existsSync, readFileSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
const require = createRequire(join(folder, "x.js"));
const text = (path) => readFileSync(join(folder, path), "utf8");
// Nobody sees the difference of an empty query.
const spelled = (location, asked) =>
  location === null ? null : new URL(location, asked).href.replace(/\?(?=#|$)/, "");
// Targets have /tN, with the line they are on.
const marker = (target) => /\/t\d+/.exec(target)?.[0];

// As Netlify's command line does it: its parser, then its matcher.
async function netlify() {
  const redirector = require("netlify-redirector");
  const parser = join(folder, "node_modules/@netlify/redirect-parser/lib/index.js");
  const { parseAllRedirects } = await import(pathToFileURL(parser));
  const scratch = mkdtempSync(join(tmpdir(), "redirects-"));
  process.on("exit", () => rmSync(scratch, { recursive: true }));
  const file = join(scratch, "_redirects");
  return async (rules, site) => {
    writeFileSync(file, rules);
    const { redirects } = await parseAllRedirects({
      redirectsFiles: [file],
      configRedirects: [],
      minimal: false,
    });
    const named = redirects.map(({ from, query, ...rest }) => ({
      ...rest,
      origin: from,
      params: query,
    }));
    const matcher = await redirector.parseJSON(JSON.stringify(named), {});
    return async (asked) => {
      const url = new URL(asked);
      const match = matcher.match({
        scheme: url.protocol.slice(0, -1),
        host: url.hostname,
        path: url.pathname,
        query: url.search.slice(1),
        headers: {},
        cookieValues: {},
        getHeader: () => "",
        getCookie: () => "",
      });
      if (!match) return null;
      // A rule for any host stands for those of the site, and carom is told of one.
      const to = new URL(match.to, match.host ? asked : site);
      // Its documentation: the visitor's query is passed on with these, but for rules
      // with parameters.
      const rule = named.find(({ to }) => marker(to) === marker(match.to));
      const isPlain = Object.keys(rule.params).length === 0;
      if ([301, 302].includes(match.status) && isPlain) {
        const known = new URLSearchParams(to.search);
        const pairs = url.search.slice(1).split("&");
        const others = pairs.filter((pair) => pair && !known.has(pair.split("=")[0]));
        to.search = [to.search.slice(1), ...others].filter((pair) => pair).join("&");
      }
      return [match.status, spelled(to.href)];
    };
  };
}

// Cloudflare's parser is a part of wrangler's bundle, under its source file's name.
function parseRedirects() {
  const bundle = text("wrangler/wrangler-dist/cli.js");
  const parts = ["constants", "validateURL", "parseRedirects"].map((name) => {
    const begin = bundle.indexOf(`// ../workers-shared/utils/configuration/${name}.ts\n`);
    if (begin < 0) throw new Error(`wrangler's bundle has no ${name}.ts`);
    return bundle.slice(begin, bundle.indexOf("\n// ", begin + 1));
  });
  const code = parts.join("\n");
  const inits = [...code.matchAll(/var (init_\w+) = __esm/g)].map((match) => match[1]);
  const called = [...code.matchAll(/\b(init_\w+)\(\)/g)].map((match) => match[1]);
  const foreign = [...new Set(called)].filter((name) => !inits.includes(name));
  const begin = `const __name = (it) => it, __esm = (it) => () => Object.values(it)[0]();
    ${foreign.map((name) => `const ${name} = () => {};`).join("\n")}`;
  const end = `${inits.map((name) => `${name}();`).join("\n")} return parseRedirects;`;
  return new Function(`${begin}\n${code}\n${end}`)();
}

async function pages() {
  const module = (path) =>
    import(`data:text/javascript;base64,${Buffer.from(text(path)).toString("base64")}`);
  const { createMetadataObject } = await module(
    "pages-shared/dist/metadata-generator/createMetadataObject.js",
  );
  const { generateHandler } = await module("pages-shared/dist/asset-server/handler.js");
  const parse = parseRedirects();
  return async (rules, site) => {
    const metadata = createMetadataObject({ redirects: parse(rules) });
    return async (asked) => {
      // The page that a rule with 200 shows in place of the one that was asked.
      let shown = null;
      const response = await generateHandler({
        request: new Request(asked),
        metadata,
        logError: (error) => {
          throw error;
        },
        findAssetEntryForPath: async (path) => {
          if (path.includes("/t")) shown ??= path;
          return null;
        },
      });
      const location = response.headers.get("location");
      if (location !== null) return [response.status, spelled(location, site)];
      return shown && [200, shown];
    };
  };
}

const dialects = { netlify, pages };
const ready = {};
for await (const line of createInterface({ input: process.stdin })) {
  const { dialect, text, site, asks, own } = JSON.parse(line);
  ready[dialect] ??= await dialects[dialect]();
  const answer = await ready[dialect](text, site);
  const answers = [];
  for (const asked of asks) {
    try {
      answers.push(await answer(asked));
    } catch (error) {
      // A target that is no URL.
      if (error.code !== "ERR_INVALID_URL") throw error;
      answers.push([500, error.input]);
    }
  }
  const mine = own.map((location, at) => spelled(location, asks[at]));
  process.stdout.write(`${JSON.stringify({ answers, own: mine })}\n`);
}
