// How URLs are compared.

/** As a browser spells them; nobody sees the difference of an empty query. */
export const spelled = (location, asked) =>
  location === null ? null : new URL(location, asked).href.replace(/\?(?=#|$)/, "");

/** The `/tN` of a target, with the line it is on. */
export const marker = (target) => /\/t\d+/.exec(target)?.[0];

/**
 * A target with the visitor's query behind its own, as documentations have it: of a parameter
 * that both have, that of the target is sent.
 */
export function passedOn(to, search) {
  const known = new URLSearchParams(to.search);
  const pairs = search.slice(1).split("&");
  const others = pairs.filter((pair) => pair && !known.has(pair.split("=")[0]));
  to.search = [to.search.slice(1), ...others].filter((pair) => pair).join("&");
}
