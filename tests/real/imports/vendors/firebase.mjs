// Firebase: the redirects of superstatic, the server of its hosting emulator.
import { spelled } from "./urls.mjs";

export async function firebase({ require }) {
  const redirects = require("superstatic/lib/middleware/redirects.js")();
  return async (text, site) => {
    // Without RE2, which has to be built, it takes JavaScript's spelling of names alone.
    const superstatic = JSON.parse(text.replaceAll("(?P<", "(?<")).hosting;
    return async (asked) => {
      const { pathname, search } = new URL(asked);
      let answer = null;
      const handle = ({ redirect, status }) => {
        answer = [status, spelled(redirect, site)];
      };
      redirects({ url: pathname + search, superstatic }, { superstatic: { handle } }, () => {});
      return answer;
    };
  };
}
