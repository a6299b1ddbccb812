import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DefaultTheme } from "vitepress";
import { pageOf, ROOT } from "./places.ts";

/** Text in the sidebar, and the file from the root of the clone. */
type Entry = readonly [text: string, file: string];

interface Group {
  readonly text: string;
  readonly entries: readonly Entry[];
  /** Folded up until somebody opens it, or one of its pages. */
  readonly collapsed?: boolean;
}

const DECISIONS = "docs/adr";

/** Of each decision its heading: `# 4. Webhooks are …`. */
const decisions: readonly Entry[] = readdirSync(join(ROOT, DECISIONS))
  .sort()
  .map((name) => {
    const file = `${DECISIONS}/${name}`;
    return [/^# (.+)$/m.exec(readFileSync(join(ROOT, file), "utf8"))?.[1] ?? name, file];
  });

/** In the order in which somebody new gets to need it. test/docs/site.test.ts holds that no page is missing. */
const groups: readonly Group[] = [
  {
    text: "Start",
    entries: [
      ["Getting started", "docs/getting-started.md"],
      ["Dashboard", "docs/dashboard.md"],
      ["Command line", "docs/cli.md"],
    ],
  },
  {
    text: "Tutorials",
    entries: [
      ["Which one is yours", "docs/tutorials/README.md"],
      ["GitHub push to a server", "docs/tutorials/github.md"],
      ["GitLab", "docs/tutorials/gitlab.md"],
      ["Gitea and Forgejo", "docs/tutorials/gitea.md"],
      ["Foundries CI", "docs/tutorials/foundries.md"],
      ["From nodejitsu's API", "docs/tutorials/nodejitsu.md"],
    ],
  },
  {
    text: "Settings",
    entries: [
      ["The settings file", "docs/settings.md"],
      ["Sources: who sends", "docs/sources.md"],
      ["Triggers: what starts", "docs/triggers.md"],
      ["Steps: what runs", "docs/steps.md"],
      ["Releases", "docs/releases.md"],
      ["Approval and freezes", "docs/approval-and-freeze.md"],
      ["Notifications", "docs/notifications.md"],
      ["Missed webhooks", "docs/missed-webhooks.md"],
    ],
  },
  {
    text: "Running it",
    entries: [
      ["Hardening", "docs/hardening.md"],
      ["Doctor", "docs/doctor.md"],
      ["Operations", "docs/operations.md"],
      ["Backup and restore", "docs/backup.md"],
      ["Retention", "docs/retention.md"],
      ["Audit log", "docs/audit.md"],
      ["Moving to PostgreSQL", "docs/moving-to-postgresql.md"],
      ["Many machines", "docs/many-machines.md"],
      ["Relay", "docs/relay.md"],
    ],
  },
  {
    text: "APIs",
    entries: [
      ["HTTP API", "docs/api.md"],
      ["Continuous deployment", "docs/continuous-deployment.md"],
      ["GitOps rollback with Argo CD", "docs/gitops-rollback.md"],
    ],
  },
  {
    text: "Moving over from",
    entries: [
      ["K-App's deploy server", "docs/k-app.md"],
      ["webhooks_automata", "docs/webhooks-automata.md"],
      ["adnanh/webhook", "docs/adnanh-webhook.md"],
    ],
  },
  {
    text: "Reference",
    entries: [
      ["Every key of the settings", "docs/reference/settings.md"],
      ["Every command", "docs/reference/cli.md"],
      ["Error codes", "docs/reference/errors.md"],
    ],
  },
  {
    text: "What to rely on",
    entries: [
      ["Reliability", "docs/reliability.md"],
      ["Security", "SECURITY.md"],
      ["Soak", "docs/soak.md"],
      ["Benchmarks", "docs/benchmarks.md"],
    ],
  },
  {
    text: "Examples",
    entries: [
      ["Rollback with Argo CD", "examples/argocd/README.md"],
      ["Foundries", "examples/foundries/README.md"],
    ],
  },
  {
    text: "The project",
    entries: [
      ["Changelog", "CHANGELOG.md"],
      ["Contributing", "CONTRIBUTING.md"],
    ],
  },
  { text: "Decisions", entries: decisions, collapsed: true },
];

/** Files of which the sidebar has a page, in its order. */
export const sidebarFiles: readonly string[] = groups.flatMap(({ entries }) =>
  entries.map(([, file]) => file),
);

const linkOf = (file: string): string => `/${pageOf(file).replace(/(?:index)?\.md$/, "")}`;

export const sidebar: DefaultTheme.SidebarItem[] = groups.map(({ text, entries, collapsed = false }) => ({
  text,
  collapsed,
  items: entries.map(([title, file]) => ({ text: title, link: linkOf(file) })),
}));
