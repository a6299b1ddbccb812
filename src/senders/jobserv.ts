import type { jobserv as source } from "../sources/jobserv.ts";
import { hmac, request } from "./common/request.ts";
import type { Facts, OptionsOf, Sender } from "./sender.ts";

/** https://docs.foundries.io/latest/user-guide/ci-webhooks.html */
export const jobserv: Sender<OptionsOf<typeof source>> = {
  kind: "jobserv",
  samples: (facts) => ({ build: { event: "build", payload: buildOf(facts) } }),
  make: (order) =>
    request(order, {
      agent: "python-requests/2.32",
      // As its receiver does: the file of the secret may end with a newline.
      proof: (secret, body) => ({ "x-jobserv-sig": `sha256:${hmac("sha256", secret.trim(), body)}` }),
    }),
};

function buildOf({ repository, status, now, message }: Facts) {
  // Seconds since some day: JobServ counts builds up, and knows a repetition by the build.
  const id = Math.floor(now.getTime() / 1_000) - 1_700_000_000;
  const url = `https://api.foundries.io/projects/${repository}/builds/${id}/`;
  const result = status ?? "PASSED";
  const time = now.toISOString().replace("Z", "+00:00");
  return {
    build_id: id,
    url,
    status: result,
    runs: [
      {
        name: "build-amd64",
        url: `${url}runs/build-amd64/`,
        status: result,
        log_url: `${url}runs/build-amd64/console.log`,
        created: time,
        completed: time,
        host_tag: "amd64",
      },
    ],
    web_url: `https://ci.foundries.io/projects/${repository}/builds/${id}`,
    trigger_name: "platform-main",
    created: time,
    completed: time,
    status_events: [{ time, status: "QUEUED" }],
    runs_url: `${url}runs/`,
    reason: message,
    annotation: null,
  };
}
