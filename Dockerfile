# The server with what it needs at work: Node, git, ssh. Settings are mounted to /etc/hookwright, data lives in /var/lib/hookwright.
FROM node:24-trixie-slim AS build
WORKDIR /opt/hookwright
COPY package.json package-lock.json tsconfig.json ./
# No script runs: those of packages fetch a Node of their own, and this image has one.
RUN npm ci --ignore-scripts
COPY bin ./bin
COPY src ./src
COPY web ./web
COPY scripts/build-web.ts ./scripts/
# The dashboard is built with packages that nothing needs after that.
RUN node scripts/build-web.ts \
  && npm prune --omit=dev --ignore-scripts \
  && rm -rf node_modules/node node_modules/node-bin-* scripts web/src
# Compiled once, here: at work the folder can't be written to.
RUN node bin/hookwright.js schema > /dev/null

FROM node:24-trixie-slim
# tini takes up the processes that commands leave behind.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates git openssh-client tini \
  && rm -rf /var/lib/apt/lists/* \
  && install --directory --owner=node --group=node /var/lib/hookwright
COPY --from=build /opt/hookwright /opt/hookwright
ENV MALLOC_ARENA_MAX=2 HOME=/var/lib/hookwright
USER node
WORKDIR /var/lib/hookwright
VOLUME ["/var/lib/hookwright"]
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "node", "--max-semi-space-size=4", "/opt/hookwright/bin/hookwright.js"]
CMD ["serve", "--settings", "/etc/hookwright/hookwright.yaml", "--listen", "0.0.0.0:8080"]
