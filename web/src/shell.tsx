import type { ComponentChildren, JSX } from "preact";
import { client } from "./api.ts";
import { useLiveState } from "./hooks.ts";
import { hrefTo, Link, usePlace } from "./router.tsx";
import { type Session, sessionOver, useMay } from "./session.ts";
import { ThemeButton } from "./theme.tsx";

const PAGES = [
  ["", "Overview"],
  ["tasks", "Tasks"],
  ["deliveries", "Deliveries"],
  ["actions", "Actions"],
  ["apps", "Apps"],
  ["sources", "Sources"],
  ["endpoints", "Endpoints"],
  ["nodes", "Nodes"],
] as const;

/** What concerns a user's own apps. */
const OF_APPS: ReadonlySet<string> = new Set(["tasks", "actions", "apps"]);

/** For who has the scope admin; the others would only be refused. */
const ADMIN_PAGES = [
  ["tokens", "Tokens, users"],
  ["audit", "Audit"],
] as const;

interface ShellProps {
  readonly session: Session;
  readonly children: ComponentChildren;
}

/** What surrounds every page. */
export function Shell({ session, children }: ShellProps): JSX.Element {
  const place = usePlace();
  const current = place.path[0] ?? "";
  const mayRead = useMay("read");
  const open = PAGES.filter(([name]) => mayRead || OF_APPS.has(name));
  const pages = useMay("admin") ? [...open, ...ADMIN_PAGES] : open;
  return (
    <div class="shell">
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <aside class="side">
        <Link href={hrefTo([])} class="brand">
          Hookwright
        </Link>
        <nav aria-label="Main">
          {pages.map(([name, label]) => (
            <Link key={name} href={hrefTo(name === "" ? [] : [name])} current={current === name}>
              {label}
            </Link>
          ))}
        </nav>
        <div class="side-foot">
          <Connection />
          <span class="muted" title={mayOf(session)}>
            {session.name}
          </span>
          <div class="side-buttons">
            <ThemeButton />
            <button type="button" onClick={() => void logOut()}>
              Log out
            </button>
          </div>
        </div>
      </aside>
      <div class="main">
        <CutBanner />
        <main id="content" tabIndex={-1}>
          {children}
        </main>
      </div>
    </div>
  );
}

function mayOf({ scopes, apps = [] }: Session): string {
  const what = [...scopes, ...(apps.length === 0 ? [] : [`the apps ${apps.join(", ")}`])];
  return `May: ${what.join(", ")}`;
}

async function logOut(): Promise<void> {
  // Whether or not the server hears of it, this browser is to show nothing more.
  await client.logOut().catch(() => undefined);
  sessionOver();
}

const CONNECTION = { connecting: "Connecting…", live: "Live", cut: "Cut off" } as const;

function Connection(): JSX.Element {
  const state = useLiveState();
  return <span class={`connection ${state}`}>{CONNECTION[state]}</span>;
}

/** Always there, so that a screen reader says when its text comes. */
function CutBanner(): JSX.Element {
  const cut = useLiveState() === "cut";
  return (
    <div role="status" class={cut ? "cut-banner" : "unseen"}>
      {cut &&
        "The connection to the server is cut off. What you see may be out of date; it catches up by itself."}
    </div>
  );
}
