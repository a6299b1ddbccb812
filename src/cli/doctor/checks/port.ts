import { once } from "node:events";
import { createServer } from "node:net";
import { findServer } from "../../local-server.ts";
import { type Check, type Finding, ok, problem, warning } from "../finding.ts";

/** Whether the server runs, or could. */
export const checkPort: Check = async ({ settings }) => {
  const running = await findServer(settings);
  if (running !== null) return [ok(`The server runs at ${running.url}`)];
  const { host, port, admin } = settings.server;
  const places = [{ host, port }, ...(admin === null || admin.socket !== null ? [] : [admin])];
  const findings: Finding[] = [];
  for (const place of places) findings.push(await checkFree(place));
  return findings;
};

async function checkFree({ host, port }: { readonly host: string; readonly port: number }): Promise<Finding> {
  const name = `${host}:${port}`;
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
    return warning(`No server runs; ${name} is free`, "Start it: hookwright serve");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "EADDRINUSE") {
      const fix = `See who it is (ss -ltnp 'sport = :${port}'), or give \`server.listen\` another port`;
      return problem(`No server of these settings runs, and ${name} is taken by another program`, fix);
    }
    if (code === "EACCES") {
      const fix = "Take a port above 1023, with a proxy before it, or give the unit CAP_NET_BIND_SERVICE";
      return problem(`This account may not listen on ${name}`, fix);
    }
    return problem(
      `Nobody can listen on ${name} here (${String(code)})`,
      "Give `server.listen` an address of this machine",
    );
  } finally {
    server.close();
  }
}
