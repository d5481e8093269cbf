// Netlify: its parser, then its matcher, as its command line does it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { marker, passedOn, spelled } from "./urls.mjs";

async function dialect({ folder, require }, name, given) {
  const redirector = require("netlify-redirector");
  const parser = join(folder, "node_modules/@netlify/redirect-parser/lib/index.js");
  const { parseAllRedirects } = await import(pathToFileURL(parser));
  const scratch = mkdtempSync(join(tmpdir(), "redirects-"));
  process.on("exit", () => rmSync(scratch, { recursive: true }));
  const file = join(scratch, name);
  return async (rules, site) => {
    writeFileSync(file, rules);
    const { redirects } = await parseAllRedirects({ ...given(file), minimal: false });
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
        passedOn(to, url.search);
      }
      return [match.status, spelled(to.href)];
    };
  };
}

export const netlify = (packages) =>
  dialect(packages, "_redirects", (file) => ({ redirectsFiles: [file] }));
export const netlifyToml = (packages) =>
  dialect(packages, "netlify.toml", (file) => ({ netlifyConfigPath: file }));
