// Vercel: its own converter makes expressions and locations of the redirects, which are applied as
// its Build Output API has it: in any case (no route has `caseSensitive`), the first that fits.
import { passedOn, spelled } from "./urls.mjs";

/** Whether a condition of `has` holds, with what it captures by name; null if not. */
function held({ type, key, value }, url) {
  // Visitors of the tests send no header and no cookie.
  const given = { host: url.hostname, query: url.searchParams.get(key) }[type] ?? null;
  if (given === null) return null;
  if (value === undefined) return { [key]: given };
  const match = new RegExp(`^${value}$`).exec(given);
  return match && { ...match.groups };
}

export async function vercel({ require }) {
  const { getTransformedRoutes } = require("@vercel/routing-utils");
  // It says on each pattern how its next version would read it.
  console.error = () => {};
  return async (text, site) => {
    // One that it refuses would refuse the whole file.
    const routes = JSON.parse(text).redirects.flatMap((redirect) => {
      const { routes, error } = getTransformedRoutes({ redirects: [redirect] });
      return error ? [] : routes;
    });
    const rules = routes.map((route) => ({ ...route, matcher: new RegExp(route.src, "i") }));
    return async (asked) => {
      const url = new URL(asked);
      for (const { matcher, has = [], missing = [], headers, status } of rules) {
        const match = matcher.exec(url.pathname);
        const conditions = has.map((wish) => held(wish, url));
        if (!match || conditions.includes(null) || missing.some((wish) => held(wish, url))) {
          continue;
        }
        const names = Object.assign({}, ...conditions);
        const filled = headers.Location.replace(
          /\$([1-9a-zA-Z]+)/g,
          (_, name) => names[name] ?? match[Number(name)] ?? "",
        );
        // It serves over https; carom is told of one host for all rules without one.
        const isOfHost = has.some(({ type }) => type === "host");
        const to = new URL(filled, isOfHost ? `https://${url.hostname}` : site);
        passedOn(to, url.search);
        return [status, spelled(to.href)];
      }
      return null;
    };
  };
}
