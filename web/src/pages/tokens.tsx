import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { scopeSchema, type TokenWire } from "../../../src/client/schemas.ts";
import { client } from "../api.ts";
import { useLoaded } from "../hooks.ts";
import { AskButton, useAction } from "../parts/ask.tsx";
import { Page, Panel, Problem, Table, WhenLoaded } from "../parts/basics.tsx";
import { Needs } from "../parts/needs.tsx";
import { Badge, type Status } from "../parts/status.tsx";
import { Time } from "../parts/time.tsx";
import { UsersPanel } from "./users.tsx";

export const TokensPage = (): JSX.Element => (
  <Needs scope="admin" title="Tokens">
    <Tokens />
  </Needs>
);

function statusOf({ revoked_at: revokedAt, expires_at: expiresAt }: TokenWire): Status {
  if (revokedAt !== null) return { label: "Revoked", tone: "calm" };
  if (expiresAt !== null && Date.parse(expiresAt) <= Date.now()) return { label: "Expired", tone: "calm" };
  return { label: "Live", tone: "good" };
}

function Tokens(): JSX.Element {
  const loaded = useLoaded("tokens", client.listTokens);
  return (
    <Page title="Tokens and users">
      <Panel title="New token">
        <NewToken onMade={loaded.reload} />
      </Panel>
      <Panel title="Tokens" note="only their digests are stored">
        <WhenLoaded from={loaded}>
          {({ items }) => (
            <Table label="Tokens" head={["Token", "State", "Scopes", "Made", "Used last", "Expires", ""]}>
              {items.map((token) => (
                <tr key={token.id}>
                  <td class="break">{token.name}</td>
                  <td>
                    <Badge {...statusOf(token)} />
                  </td>
                  <td>{token.scopes.join(", ")}</td>
                  <td class="nowrap">
                    <Time at={token.created_at} />
                  </td>
                  <td class="nowrap">
                    {token.last_used_at === null ? "never" : <Time at={token.last_used_at} />}
                  </td>
                  <td class="nowrap">
                    {token.expires_at === null ? "never" : <Time at={token.expires_at} />}
                  </td>
                  <td class="end">
                    {token.revoked_at === null && (
                      <AskButton
                        label="Revoke"
                        danger
                        question={`Revoke the token ${token.name}? Whoever uses it is locked out at once, and its sessions end.`}
                        act={async () => {
                          await client.revokeToken(token.id);
                          loaded.reload();
                        }}
                      />
                    )}
                  </td>
                </tr>
              ))}
            </Table>
          )}
        </WhenLoaded>
      </Panel>
      <UsersPanel />
    </Page>
  );
}

const SCOPE_HINTS = {
  read: "read: look at everything",
  deploy: "deploy: also start, cancel, retry, replay",
  admin: "admin: also tokens and settings",
} as const satisfies Record<(typeof scopeSchema.options)[number], string>;

function NewToken({ onMade }: { readonly onMade: () => void }): JSX.Element {
  const [name, setName] = useState("");
  const [scope, setScope] = useState<(typeof scopeSchema.options)[number]>("read");
  const [days, setDays] = useState("90");
  const [made, setMade] = useState<{ readonly name: string; readonly token: string } | null>(null);
  const { busy, error, run } = useAction(async () => {
    const expires = days === "" ? null : new Date(Date.now() + Number(days) * 86_400_000).toISOString();
    setMade(await client.createToken({ name: name.trim(), scopes: [scope], expires_at: expires }));
    setName("");
    onMade();
  });
  return (
    <form
      class="filters pad"
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
    >
      <label>
        <span>Name</span>
        <input
          required
          maxLength={64}
          placeholder="laptop"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <label>
        <span>Scope</span>
        <select value={scope} onChange={(event) => setScope(scopeSchema.parse(event.currentTarget.value))}>
          {scopeSchema.options.map((each) => (
            <option key={each} value={each}>
              {SCOPE_HINTS[each]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Days until it expires</span>
        <input
          type="number"
          min="1"
          max="3650"
          placeholder="never"
          value={days}
          onInput={(event) => setDays(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary" disabled={busy}>
        Make the token
      </button>
      {error !== null && <Problem>{error}</Problem>}
      {made !== null && <Made name={made.name} token={made.token} />}
    </form>
  );
}

const Made = ({ name, token }: { readonly name: string; readonly token: string }): JSX.Element => (
  <p class="made" role="status">
    The token {name}, shown this once: <code class="break">{token}</code>{" "}
    <button type="button" onClick={() => void navigator.clipboard.writeText(token)}>
      Copy
    </button>
  </p>
);
