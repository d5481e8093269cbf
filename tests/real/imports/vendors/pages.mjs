// Cloudflare Pages: the parser of wrangler, and the server of its assets.
import { spelled } from "./urls.mjs";

// Cloudflare's parser is a part of wrangler's bundle, under its source file's name.
function parseRedirects(text) {
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

export async function pages({ text }) {
  const module = (path) =>
    import(`data:text/javascript;base64,${Buffer.from(text(path)).toString("base64")}`);
  const { createMetadataObject } = await module(
    "pages-shared/dist/metadata-generator/createMetadataObject.js",
  );
  const { generateHandler } = await module("pages-shared/dist/asset-server/handler.js");
  const parse = parseRedirects(text);
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
