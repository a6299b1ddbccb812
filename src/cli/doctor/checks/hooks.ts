import type { Action } from "../../../domain/action.ts";
import { readHookSettings, type SenderHook } from "../../../lib/hook-settings.ts";
import { messageOf } from "../../../lib/message-of.ts";
import { createOutboundFetch } from "../../../lib/outbound.ts";
import type { RecoveryHook } from "../../../settings/settings.ts";
import { type Check, type Finding, ok, type Patient, problem, unknown, warning } from "../finding.ts";

/** What the sender has been told of the webhook, where `recover` has a token to ask it with. */
export const checkHooks: Check = async (patient) => {
  const sources = Object.entries(patient.settings.sources);
  const found = await Promise.all(
    sources.flatMap(([name, { recovery }]) =>
      (recovery?.hooks ?? []).map((hook) => checkHook(patient, { name, hook })),
    ),
  );
  return found.flat();
};

interface Subject {
  readonly name: string;
  readonly hook: RecoveryHook;
}

async function checkHook(patient: Patient, { name, hook }: Subject): Promise<readonly Finding[]> {
  const { settings, signal } = patient;
  const place = `${decodeURIComponent(hook.owner.replace(/^\/\w+\//, ""))} (source ${name})`;
  const fetch = createOutboundFetch({ allowCidrs: settings.outbound.allowCidrs, timeoutMs: 10_000 });
  try {
    const caller = { fetch, signal, log: () => undefined, tries: 1 };
    const found = await readHookSettings(hook, caller);
    if (found === "unsupported")
      return [unknown(`The webhook of ${place} is a GitHub App's; look at it there`)];
    if (found === null) {
      const seen = `${place} has no webhook that sends to ${hook.hookUrl ?? `number ${hook.hookId ?? ""}`}`;
      return [problem(seen, "Add it there: docs/getting-started.md has each field")];
    }
    return judge(found, { place, name, actions: Object.values(settings.actions) });
  } catch (error) {
    return [
      problem(
        `The webhook of ${place} can't be looked at: ${messageOf(error)}`,
        "See that the token is good and may read webhooks",
      ),
    ];
  }
}

interface Judging {
  readonly place: string;
  readonly name: string;
  readonly actions: readonly Action[];
}

function judge(hook: SenderHook, { place, name, actions }: Judging): Finding[] {
  const findings: Finding[] = [];
  const say = (seen: string, fix: string): void =>
    void findings.push(problem(`The webhook of ${place} ${seen}`, fix));
  if (!hook.active) say("is switched off", "Switch it on there");
  if (!hook.verifiesTls) say("does not look at the certificate", "Switch SSL verification on there");
  if (!hook.hasSecret) say("has no secret", "Give it the secret of the source");
  if (hook.lastStatus !== null && hook.lastStatus >= 400) {
    const seen = `The last delivery of ${place} was answered with ${hook.lastStatus}`;
    findings.push(warning(seen, "hookwright deliveries, and the list of deliveries there, say why"));
  }
  const missing = wantedEvents(actions, name).filter((event) => !hook.sends(event));
  if (missing.length > 0) say(`does not send ${missing.join(", ")}`, "Tick these events there");
  return findings.length > 0 ? findings : [ok(`The webhook of ${place} is as it should be`)];
}

/** What actions wait for of the source. */
const wantedEvents = (actions: readonly Action[], source: string): string[] => [
  ...new Set(
    actions.flatMap(({ on }) => on.filter((rule) => rule.source === source).flatMap(({ event }) => event)),
  ),
];
