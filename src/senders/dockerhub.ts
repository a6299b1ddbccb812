import type { dockerhub as source } from "../sources/dockerhub.ts";
import { ownerAndName, PERSON } from "./common/forge.ts";
import { request, seconds } from "./common/request.ts";
import type { Facts, OptionsOf, Sender } from "./sender.ts";

/** https://docs.docker.com/docker-hub/repos/manage/webhooks/ */
export const dockerhub: Sender<OptionsOf<typeof source>> = {
  kind: "dockerhub",
  samples: (facts, { callback_hosts: [host] }) => ({
    image: { event: "image", payload: pushOf(facts, host) },
  }),
  make: (order) => ({ ...request(order, { agent: "Go-http-client/1.1" }), pathSecret: order.secret }),
};

function pushOf({ repository, tag, now }: Facts, host: string | undefined) {
  const [namespace, name] = ownerAndName(repository);
  return {
    ...(host !== undefined && { callback_url: `https://${host}/u/${repository}/hook/0/` }),
    push_data: { pushed_at: Number(seconds(now)), pusher: PERSON.login, tag, media_type: null },
    repository: { name, namespace, owner: namespace, repo_name: repository, status: "Active" },
  };
}
