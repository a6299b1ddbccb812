import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { client } from "../api.ts";
import { useTitle } from "../hooks.ts";
import { useAction } from "../parts/ask.tsx";
import { Problem } from "../parts/basics.tsx";
import { setSession } from "../session.ts";

export function LoginPage(): JSX.Element {
  const [token, setToken] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const { busy, error, run } = useAction(async () => setSession(await client.logIn(token.trim())));
  useTitle("Log in");
  useEffect(() => field.current?.focus(), []);
  return (
    <main class="login">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
      >
        <h1>Hookwright</h1>
        <label>
          <span>Token</span>
          <input
            ref={field}
            type="password"
            autocomplete="current-password"
            spellcheck={false}
            placeholder="hw_…"
            required
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        {error !== null && <Problem>{error}</Problem>}
        <button type="submit" class="primary" disabled={busy}>
          Log in
        </button>
        <p class="muted">
          On the server's machine: <code>npm run hookwright -- token create me --scope deploy</code>. The
          token is exchanged for a cookie that scripts can't read and that ends after a week.
        </p>
      </form>
    </main>
  );
}
