import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { scopeSchema } from "../../../src/client/schemas.ts";
import { client } from "../api.ts";
import { type Loaded, useLoaded } from "../hooks.ts";
import { AskButton, useAction } from "../parts/ask.tsx";
import { Empty, Panel, Problem, Table, WhenLoaded } from "../parts/basics.tsx";
import { Badge } from "../parts/status.tsx";
import { Time } from "../parts/time.tsx";

type Users = Awaited<ReturnType<typeof client.listUsers>>;
type User = Users["items"][number];

/** People with a name and a password, for the dashboard and the deploy API. */
export function UsersPanel(): JSX.Element {
  const loaded = useLoaded("users", () => client.listUsers());
  return (
    <Panel title="Users" note="who log in here, and deploy, with a password">
      <WhenLoaded from={loaded}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>
              There are none. They log in here with a name and a password, and deploy the apps that name them.
            </Empty>
          ) : (
            <Table label="Users" head={["User", "State", "Scopes", "Made", ""]}>
              {items.map((user) => (
                <tr key={user.name}>
                  <td class="break">{user.name}</td>
                  <td>
                    <Badge
                      label={user.disabled_at === null ? "May log in" : "Locked out"}
                      tone={user.disabled_at === null ? "good" : "calm"}
                    />
                  </td>
                  <td>{user.scopes.length === 0 ? "their own apps" : user.scopes.join(", ")}</td>
                  <td class="nowrap">
                    <Time at={user.created_at} />
                  </td>
                  <td class="end">
                    <Lock user={user} loaded={loaded} />
                  </td>
                </tr>
              ))}
            </Table>
          )
        }
      </WhenLoaded>
      <NewUser loaded={loaded} />
    </Panel>
  );
}

interface LockProps {
  readonly user: User;
  readonly loaded: Loaded<Users>;
}

function Lock({ user: { name, disabled_at: disabledAt }, loaded }: LockProps): JSX.Element {
  const lock = disabledAt === null;
  return (
    <AskButton
      label={lock ? "Lock out" : "Let in"}
      danger={lock}
      question={
        lock
          ? `Lock the user ${name} out? Their password and their tokens are good for nothing until they are let in again.`
          : `Let the user ${name} log in again?`
      }
      act={async () => {
        await client.changeUser(name, { disabled: lock });
        loaded.reload();
      }}
    />
  );
}

function NewUser({ loaded }: { readonly loaded: Loaded<Users> }): JSX.Element {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [scope, setScope] = useState("");
  const { busy, error, run } = useAction(async () => {
    const scopes = scopeSchema.options.filter((each) => each === scope);
    await client.addUser({ name: name.trim(), password, scopes });
    setName("");
    setPassword("");
    loaded.reload();
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
        <span>New user</span>
        <input
          required
          autocomplete="off"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <label>
        <span>Password</span>
        <input
          required
          type="password"
          autocomplete="new-password"
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </label>
      <label>
        <span>May</span>
        <select value={scope} onChange={(event) => setScope(event.currentTarget.value)}>
          <option value="">see and deploy their own apps</option>
          {scopeSchema.options.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" disabled={busy}>
        Add the user
      </button>
      {error !== null && <Problem>{error}</Problem>}
    </form>
  );
}
