import type { Delivery } from "../domain/delivery.ts";
import type { HookEvent } from "../domain/event.ts";
import type { ReportRules, TaskReport } from "../domain/report.ts";
import { isCommitId } from "../lib/git/names.ts";
import type { Settings } from "../settings/settings.ts";
import { DEPLOY_SOURCE, USER_HEADER } from "../sources/registry.ts";
import type { Services } from "./services.ts";

/** By the deploy API's own rules; undefined: the action's own are asked. */
export type DeployReport = { readonly rules: ReportRules; readonly user: string | null } | undefined;

/** Whether what has come by the deploy API is reported by the rules of its app. */
export async function deployReport(
  { settings, pairings }: Services,
  { repository }: HookEvent,
  { source, headers }: Pick<Delivery, "source" | "headers">,
): Promise<DeployReport> {
  if (source !== DEPLOY_SOURCE) return undefined;
  const { deployApps, reports } = settings.current();
  const app = deployApps.find((each) => isSame(each.repository, repository));
  const rules = app === undefined ? undefined : reports[`app:${app.name}`];
  if (app === undefined || rules === undefined) return undefined;
  const user = headers[USER_HEADER] ?? null;
  if (!rules.implicit) return { rules, user };
  if (user === null || (await pairings.reportToken(user, app.name)) === null) return undefined;
  return { rules, user };
}

export interface ReportInput {
  readonly reports: Settings["reports"];
  readonly action: string;
  readonly params: Readonly<Record<string, string>>;
  /** Null: no event starts it. */
  readonly event: HookEvent | null;
  readonly byDeploy?: DeployReport;
}

/** Which commit's forge is told of a new task; null: none. */
export function reportOf({ reports, action, params, event, byDeploy }: ReportInput): TaskReport | null {
  const rules = byDeploy?.rules ?? (Object.hasOwn(reports, action) ? reports[action] : undefined);
  if (rules === undefined) return null;
  const repository = repositoryOf(rules, event);
  // What is no whole id can't be told of: an abbreviated one stands for nothing in particular.
  const commit = [event?.commit?.sha, params[rules.commitParam]].find((sha) => isCommitId(sha ?? ""));
  if (repository === null || commit === undefined) return null;
  const { branch = null, tag = null } = event ?? {};
  const user = byDeploy?.user ?? null;
  return { rules: rules.name, repository, commit, ref: branch ?? tag, tag: tag !== null, user };
}

/** Whoever may send webhooks of one repository must not be able to have others' commits reported. */
function repositoryOf({ repositories }: ReportRules, event: HookEvent | null): string | null {
  const told = event?.repository ?? null;
  if (told !== null) return repositories.find((each) => isSame(each, told)) ?? null;
  const [only = null, ...others] = repositories;
  return others.length === 0 ? only : null;
}

/** A task that takes another's place, or goes back to what it made, is of the same commit, while that is reported at all. */
export const reportLike = (reports: Settings["reports"], report: TaskReport | null): TaskReport | null =>
  report !== null && Object.hasOwn(reports, report.rules) ? report : null;

const isSame = (one: string, other: string | null): boolean => one.toLowerCase() === other?.toLowerCase();
