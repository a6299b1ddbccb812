// Preloaded into a server (`node --import`): notes the URL of each module that it loads, a line each, in the file MODULES_FILE.
import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";

const file = process.env["MODULES_FILE"];
registerHooks({
  load(url, context, next) {
    if (file !== undefined) appendFileSync(file, `${url}\n`);
    return next(url, context);
  },
});
