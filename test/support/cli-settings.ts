/** Settings for the tests of the CLI: actions that succeed, fail, ask for approval and wait, and a source that starts one. */
export const CLI_SECRET = "secret-of-the-tests";
export const CLI_SHA = "0123456789abcdef0123456789abcdef01234567";

export const cliSettings = `
server: { listen: 127.0.0.1:0 }
sources:
  app: { kind: github, secrets: ["${CLI_SECRET}"] }
actions:
  deploy:
    params: { sha: { pattern: "[0-9a-f]{40}" } }
    on: [{ source: app, event: push, branch: main, with: { sha: event.commit.sha } }]
    steps:
      - { name: build, shell: 'echo "building $HOOKWRIGHT_PARAM_SHA"' }
      - { name: publish, run: [echo, published] }
  fail:
    steps:
      - { name: first, run: [echo, one], undo: { run: [echo, first is undone] } }
      - { name: second, shell: "echo wrong >&2; exit 3" }
  release:
    steps:
      - shell: "mkdir -p web; date +%N > web/made"
      - release: { app: web, from: web, runtime: command, restart: [cat, made] }
  careful:
    approve: true
    steps: [{ run: [echo, approved] }]
  # Waits for a file \`go\`; tells that it waits by a file \`waiting\`.
  wait:
    workdir: .
    steps:
      - { name: first, run: [echo, one], undo: { run: [touch, undone] } }
      - { name: second, shell: 'echo waiting; touch waiting; until [ -e go ]; do sleep 0.05; done; echo gone on' }
`;
