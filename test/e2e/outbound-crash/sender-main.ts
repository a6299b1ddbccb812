import { newId } from "../../../src/lib/ids.ts";
import { createLogger } from "../../../src/lib/logger.ts";
import { createPoster } from "../../../src/lib/outbound-post.ts";
import { createSender } from "../../../src/outbound/sender.ts";
import { openStore } from "../../../src/storage/open.ts";
import { crashEndpoint } from "./endpoint.ts";

// A process that does nothing but send: `node sender-main.ts DATABASE URL`. It is there to be killed.
const [, , path = "", url = ""] = process.argv;
const store = await openStore({ kind: "sqlite", path });
const endpoint = crashEndpoint(url);
const poster = createPoster(["127.0.0.0/8"]);
const sender = createSender({
  store,
  endpoints: () => ({ [endpoint.name]: endpoint }),
  actionOf: () => ({ notify: null }),
  publicUrl: () => "https://hooks.example.com",
  poster: () => poster,
  node: newId(),
  shared: false,
  logger: createLogger({ level: "silent" }),
  pollMs: 20,
});
process.on("SIGTERM", () => {
  void sender
    .stop(60_000)
    .then(() => store.close())
    .then(() => process.exit(0));
});
sender.start();
process.send?.("started");
