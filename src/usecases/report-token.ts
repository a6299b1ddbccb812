import type { ReportRules } from "../domain/report.ts";
import type { ReporterOptions } from "../outbound/reports/deliver.ts";
import { githubToken } from "./github-access.ts";
import type { Services } from "./services.ts";

type Needed = Pick<Services, "pairings" | "settings" | "installationTokens" | "logger">;

/** The token that a forge is told with: the rules' own, that of whoever deploys, or what the settings give for GitHub. */
export const createReportTokens =
  (services: Needed): ReporterOptions["tokenFor"] =>
  async (rules, { repository, user, task }, signal) => {
    if (rules.token !== null || rules.forge !== "github") return rules.token;
    const app = appOf(rules);
    const paired = user === null || app === null ? null : await services.pairings.reportToken(user, app);
    if (paired !== null || rules.implicit) return paired;
    const { github } = services.settings.current();
    const log = (text: string): void => services.logger.warn({ rules: rules.name, task }, text);
    return githubToken(services, github, repository, { signal, log });
  };

const APP = "app:";

const appOf = ({ name }: ReportRules): string | null =>
  name.startsWith(APP) ? name.slice(APP.length) : null;
