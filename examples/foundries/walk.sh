#!/usr/bin/env bash
# Foundries.io's example of CI webhooks (README.md here), with everything on this machine, in a folder that is thrown away.
# RELAY_PORT, SERVER_PORT and LISTEN_PORT may name other ports than 8090, 5000 and 5001.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export PATH="$root/node_modules/.bin:$PATH" # the Node that Hookwright brings
export NO_COLOR=1
relay=http://127.0.0.1:${RELAY_PORT:-8090}
server=http://127.0.0.1:${SERVER_PORT:-5000}
listener=http://127.0.0.1:${LISTEN_PORT:-5001}

walk=$(mktemp -d)
# Each ends with the script, however that ends.
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$walk"' EXIT
cd "$walk"

hookwright() { node "$root/bin/hookwright.js" "$@"; }
say() { printf '\n# %s\n' "$1"; }
answers() { until curl --silent --fail --output /dev/null "$1"; do sleep 0.2; done; }
# Until so many tasks of the action have ended well.
done_tasks() { hookwright tasks --action "$1" --state completed --json | wc -l; }
until_done() { until [ "$(done_tasks "$1")" -ge "$2" ]; do sleep 0.2; done; }
channel_has() { hookwright channel list --json | grep '"channel":"webhook"' | grep --quiet "$1"; }
# What JobServ does when a build has completed.
build_completes() { hookwright send factory build --to "$relay/webhook" "$@"; }

say "Create the secret: fioctl secrets update webhook-docs-example=UseSomethingGoodHere"
(umask 077 && echo UseSomethingGoodHere >webhook-secret)
sed "s/:5000/:${server##*:}/" "$here/hookwright.yaml" >hookwright.yaml

# For the last part: it tells of its own tasks as JobServ tells of builds.
cat >>hookwright.yaml <<SETTINGS
outbound: { allow: [127.0.0.1] }
notify:
  built: { kind: jobserv, url: "$relay/built", secrets: [{ file: ./webhook-secret }] }
SETTINGS

say "Launch the app, and a relay in place of Ngrok"
(umask 077 && hookwright channel create webhook >relay-token && hookwright channel create built >built-token)
node "$root/bin/hookwright.js" relay --listen "${relay#http://}" 2>relay.log &
node "$root/bin/hookwright.js" serve 2>server.log &
answers "$relay/healthz"
answers "$server/readyz"
echo "factory-config.yml: the webhook's url is $relay/webhook"

say "A build completes while nobody forwards: the relay keeps its webhook"
build_completes --payload "$here/build-67.body"
hookwright channel list

say "The forwarder fetches it, and the app prints its contents"
node "$root/bin/hookwright.js" forward --from "$relay/webhook" --source factory --token-file relay-token 2>forward.log &
until_done print 1
until_done roll-out 1
hookwright tasks
hookwright logs "$(hookwright tasks --action print --json | sed 's/^{"id":"\([^"]*\)".*/\1/')"

say "JobServ tries again when it has heard nothing: nothing starts twice"
build_completes --payload "$here/build-67.body"
until channel_has '"accepted":2'; do sleep 0.2; done
echo "roll-outs so far: $(done_tasks roll-out)"

say "The next build fails: printed, and no roll-out"
build_completes --status FAILED --repository andy-corp/lmp
until_done print 2
echo "prints: $(done_tasks print), roll-outs: $(done_tasks roll-out)"

say "Somebody else sends one: the relay can't tell, the server can"
build_completes --secret SomethingElse --repository andy-corp/lmp --status PASSED
until channel_has '"refused":1'; do sleep 0.2; done
hookwright sources
hookwright channel list

say "The other way round: what the server has done, told as JobServ does, to the example receiver"
node "$root/bin/hookwright.js" listen --listen "${listener#http://}" --secret-file webhook-secret >listen.log 2>&1 &
node "$root/bin/hookwright.js" forward --from "$relay/built" --to "$listener/webhook" --token-file built-token 2>>forward.log &
until grep --quiet '"status": "PASSED"' listen.log; do sleep 0.2; done
cat listen.log
