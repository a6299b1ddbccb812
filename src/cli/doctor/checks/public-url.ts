import { once } from "node:events";
import { connect } from "node:tls";
import { deepestMessage } from "../../../lib/message-of.ts";
import { judgeEnd } from "../certificate-end.ts";
import { type Check, type Finding, ok, type Patient, problem, unknown, warning } from "../finding.ts";

/** Whether webhooks that are sent to the public URL come here, as far as that can be seen from this machine. */
export const checkPublicUrl: Check = async (patient) => {
  const { publicUrl } = patient.settings.server;
  if (publicUrl === null) {
    return [unknown("There is no server.public_url", "Give it, and links in messages and this check work")];
  }
  const url = new URL(publicUrl);
  const answered = await ask(publicUrl, patient);
  if (answered.level === "problem") return [answered];
  if (url.protocol === "https:") return [answered, await certificateOf(url, patient)];
  return [answered, warning(`${publicUrl} is not https: whoever is on the way can read along`, "Use TLS")];
};

/** `/` is answered by every server, also where health has a listener of its own. */
async function ask(publicUrl: string, { signal }: Patient): Promise<Finding> {
  try {
    const answer = await fetch(`${publicUrl}/`, { signal, redirect: "manual" });
    await answer.body?.cancel();
    if (answer.headers.has("x-api-version")) return ok(`${publicUrl} leads to a Hookwright`);
    const seen = `${publicUrl} is answered (${answer.status}), but not by a Hookwright`;
    return problem(
      seen,
      "See where the proxy sends it; from inside, a name may lead elsewhere than from outside",
    );
  } catch (error) {
    const seen = `${publicUrl} can't be reached from here: ${deepestMessage(error)}`;
    return problem(seen, "See that it resolves, that the proxy runs, and that no firewall is between");
  }
}

async function certificateOf(url: URL, { now, signal }: Patient): Promise<Finding> {
  const port = url.port === "" ? 443 : Number(url.port);
  const socket = connect({ host: url.hostname, port, servername: url.hostname });
  const stop = (): void => void socket.destroy(new Error("it took too long"));
  signal.addEventListener("abort", stop, { once: true });
  try {
    await once(socket, "secureConnect");
    return judgeEnd(`The certificate of ${url.host}`, {
      validTo: new Date(socket.getPeerCertificate().valid_to),
      now: now(),
    });
  } catch (error) {
    return problem(
      `The certificate of ${url.host} can't be looked at: ${deepestMessage(error)}`,
      "See what answers there",
    );
  } finally {
    signal.removeEventListener("abort", stop);
    socket.destroy();
  }
}
