import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { client } from "../api.ts";
import { useTitle } from "../hooks.ts";
import { useAction } from "../parts/ask.tsx";
import { Problem } from "../parts/basics.tsx";
import { setSession } from "../session.ts";

export function LoginPage(): JSX.Element {
  const [asUser, setAsUser] = useState(false);
  const [user, setUser] = useState("");
  const [secret, setSecret] = useState("");
  const { busy, error, run } = useAction(async () =>
    setSession(
      await client.logIn(asUser ? { user: user.trim(), password: secret } : { token: secret.trim() }),
    ),
  );
  useTitle("Log in");
  return (
    <main class="login">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <h1>Hookwright</h1>
        {asUser && <UserField value={user} onInput={setUser} />}
        <SecretField key={String(asUser)} asUser={asUser} value={secret} onInput={setSecret} />
        {error !== null && <Problem>{error}</Problem>}
        <button type="submit" class="primary" disabled={busy}>
          Log in
        </button>
        <button
          type="button"
          onClick={() => {
            setAsUser(!asUser);
            setSecret("");
          }}
        >
          {asUser ? "With a token instead" : "As a user instead"}
        </button>
        <Hint asUser={asUser} />
      </form>
    </main>
  );
}

interface FieldProps {
  readonly value: string;
  readonly onInput: (value: string) => void;
}

/** What is to be typed first has the focus. */
function useFocus<T extends HTMLElement>(wanted: boolean) {
  const field = useRef<T>(null);
  useEffect(() => {
    if (wanted) field.current?.focus();
  }, [wanted]);
  return field;
}

const UserField = ({ value, onInput }: FieldProps): JSX.Element => (
  <label>
    <span>User</span>
    <input
      ref={useFocus<HTMLInputElement>(true)}
      autocomplete="username"
      autocapitalize="off"
      spellcheck={false}
      required
      value={value}
      onInput={(event) => onInput(event.currentTarget.value)}
    />
  </label>
);

const SecretField = ({ asUser, value, onInput }: FieldProps & { readonly asUser: boolean }): JSX.Element => (
  <label>
    <span>{asUser ? "Password" : "Token"}</span>
    <input
      ref={useFocus<HTMLInputElement>(!asUser)}
      type="password"
      autocomplete="current-password"
      spellcheck={false}
      placeholder={asUser ? "" : "hw_…"}
      required
      value={value}
      onInput={(event) => onInput(event.currentTarget.value)}
    />
  </label>
);

const Hint = ({ asUser }: { readonly asUser: boolean }): JSX.Element =>
  asUser ? (
    <p class="muted">
      Users are added on the server's machine: <code>npm run hookwright -- user add NAME --scope read</code>.
      The session ends after a week, or when the user is shut out or gets another password.
    </p>
  ) : (
    <p class="muted">
      On the server's machine: <code>npm run hookwright -- token create me --scope deploy</code>. The token is
      exchanged for a cookie that scripts can't read and that ends after a week.
    </p>
  );
