import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { client, isLoggedOut, messageOf } from "./api.ts";
import { startLive } from "./live.ts";
import { ActionPage } from "./pages/action.tsx";
import { ActionsPage } from "./pages/actions.tsx";
import { AppsPage } from "./pages/apps.tsx";
import { AuditPage } from "./pages/audit.tsx";
import { DeliveriesPage } from "./pages/deliveries.tsx";
import { DeliveryPage } from "./pages/delivery.tsx";
import { EndpointsPage } from "./pages/endpoints.tsx";
import { LoginPage } from "./pages/login.tsx";
import { NodesPage } from "./pages/nodes.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { SourcesPage } from "./pages/sources.tsx";
import { TaskPage } from "./pages/task.tsx";
import { TasksPage } from "./pages/tasks.tsx";
import { TokensPage } from "./pages/tokens.tsx";
import { Empty, Page, Problem } from "./parts/basics.tsx";
import { Needs } from "./parts/needs.tsx";
import { hrefTo, Link, usePlace } from "./router.tsx";
import { sessionOver, setSession, useMay, useSession } from "./session.ts";
import { Shell } from "./shell.tsx";

/** Who is there decides what is shown: the way in, or the pages. */
export function App(): JSX.Element {
  const session = useSession();
  const [asked, setAsked] = useState(false);
  const [error, setError] = useState<string | null>(null);

  useEffect(() => {
    client.whoami().then(
      (found) => {
        setSession(found);
        setAsked(true);
      },
      (fault: unknown) => {
        if (!isLoggedOut(fault)) setError(messageOf(fault));
        setAsked(true);
      },
    );
  }, []);
  useEffect(() => (session === null ? undefined : startLive(sessionOver)), [session]);

  if (error !== null) return <Problem>{error}</Problem>;
  if (!asked) return <p class="loading">Loading…</p>;
  if (session === null) return <LoginPage />;
  return (
    <Shell session={session}>
      <Pages />
    </Shell>
  );
}

const reading =
  (title: string, Content: () => JSX.Element): (() => JSX.Element) =>
  () => (
    <Needs scope="read" title={title}>
      <Content />
    </Needs>
  );

const LISTS: Readonly<Record<string, () => JSX.Element>> = {
  tasks: TasksPage,
  deliveries: reading("Deliveries", DeliveriesPage),
  actions: ActionsPage,
  sources: reading("Sources", SourcesPage),
  apps: AppsPage,
  endpoints: reading("Endpoints", EndpointsPage),
  nodes: reading("Nodes", NodesPage),
  tokens: TokensPage,
  audit: AuditPage,
};

const DETAILS: Readonly<Record<string, (props: { readonly id: string }) => JSX.Element>> = {
  tasks: TaskPage,
  deliveries: DeliveryPage,
  actions: ActionPage,
};

function Pages(): JSX.Element {
  const [name, id, ...more] = usePlace().path;
  // Who may see their own apps only has no overview of all.
  const mayRead = useMay("read");
  if (name === undefined) return mayRead ? <OverviewPage /> : <TasksPage />;
  const List = id === undefined ? LISTS[name] : undefined;
  if (List !== undefined) return <List />;
  const Detail = id === undefined || more.length > 0 ? undefined : DETAILS[name];
  if (Detail !== undefined && id !== undefined) return <Detail key={id} id={id} />;
  return (
    <Page title="Nothing is here">
      <Empty>
        There is no such page. Go to the <Link href={hrefTo([])}>overview</Link>.
      </Empty>
    </Page>
  );
}
