// Answers for other programs, with their own code. Reads a JSON object a line (`dialect`, `text` of
// a file, `site`, `asks`: URLs, `own`: carom's locations) and writes one: `answers` ([status,
// location] or null for each URL) and `own`, spelled as a browser spells URLs. The packages are in
// the folder that is the only argument.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { firebase } from "./firebase.mjs";
import { netlify, netlifyToml } from "./netlify.mjs";
import { pages } from "./pages.mjs";
import { spelled } from "./urls.mjs";
import { vercel } from "./vercel.mjs";

const folder = process.argv[2];
const packages = {
  folder,
  require: createRequire(join(folder, "x.js")),
  text: (path) => readFileSync(join(folder, path), "utf8"),
};

const dialects = { netlify, netlifyToml, pages, vercel, firebase };
const ready = {};
for await (const line of createInterface({ input: process.stdin })) {
  const { dialect, text, site, asks, own } = JSON.parse(line);
  ready[dialect] ??= await dialects[dialect](packages);
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
