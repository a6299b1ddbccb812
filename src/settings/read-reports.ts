import type { ReportRules } from "../domain/report.ts";
import { checkValue, isObject } from "./check-value.ts";
import type { KeyPath } from "./problems.ts";
import { GITLAB_API } from "./read-recovery.ts";
import type { Reading } from "./reading.ts";
import { actionReport, type AppReport } from "./report-schema.ts";
import type { CommonInput } from "./schema.ts";
import type { GithubSettings } from "./settings.ts";
import { forbidTemplates } from "./templates.ts";

/** What is reported to forges, by the name of the rules: those of actions, and `app:APP` of the deploy API. */
export function readReports(
  reading: Reading,
  { actions, deploy, github: given }: ReportsInput,
  github: GithubSettings,
): Record<string, ReportRules> {
  const all = [
    ...Object.entries(isObject(actions) ? actions : {}).map(([name, action]) =>
      ofAction(reading, {
        name,
        action,
        github,
        hasAccess: given.token !== undefined || given.app !== undefined,
      }),
    ),
    ...Object.entries(deploy.apps).map(([name, app]) => ofApp(reading, { name, app, github })),
  ];
  return Object.fromEntries(all.filter((rules) => rules !== null).map((rules) => [rules.name, rules]));
}

export interface ReportsInput extends Pick<CommonInput, "deploy" | "github"> {
  readonly actions: unknown;
}

interface ActionInput {
  /** Whether the settings try to give access to GitHub; what is wrong with it is told there. */
  readonly hasAccess: boolean;
  readonly name: string;
  readonly action: unknown;
  readonly github: GithubSettings;
}

function ofAction(reading: Reading, { name, action, github, hasAccess }: ActionInput): ReportRules | null {
  const value = isObject(action) ? action["report"] : undefined;
  if (value === undefined || value === null) return null;
  const path: KeyPath = ["actions", name, "report"];
  const { report } = reading.findings;
  forbidTemplates(reading, value, path);
  const own = checkValue({ schema: actionReport, value: reading.expand(value, path), path, report });
  if (own === null) return null;
  const { forge, repository, token } = own;
  if (forge === "github" && token === undefined && !hasAccess) {
    report({ path, message: "give a token, here or in github.token, or a github.app" });
  }
  const apiUrl = own.api_url ?? (forge === "gitlab" ? GITLAB_API : github.apiUrl);
  return {
    ...common(reading, { own, name, path }),
    name,
    forge,
    apiUrl: apiUrl.replace(/\/+$/, ""),
    repositories: repository,
    commitParam: own.commit_param,
    implicit: false,
  };
}

interface AppInput {
  readonly name: string;
  readonly app: CommonInput["deploy"]["apps"][string];
  readonly github: GithubSettings;
}

/** Of commits that come by the deploy API; unless the settings say otherwise, with a token that a user has paired with. */
function ofApp(reading: Reading, { name, app, github }: AppInput): ReportRules | null {
  const { report: given, repository } = app;
  if (given === false) return null;
  const path: KeyPath = ["deploy", "apps", name, "report"];
  const own = given ?? { status: true };
  return {
    ...common(reading, { own, name, path }),
    name: `app:${name}`,
    forge: "github",
    apiUrl: github.apiUrl,
    repositories: [repository],
    commitParam: "sha",
    implicit: given === undefined,
  };
}

interface CommonParts {
  readonly own: AppReport;
  readonly name: string;
  readonly path: KeyPath;
}

const common = ({ secrets }: Reading, { own, name, path }: CommonParts) => ({
  token: own.token === undefined ? null : secrets.read(own.token, [...path, "token"]),
  status: own.status,
  context: own.context ?? `hookwright/${name}`,
  deployment: own.deployment ?? null,
  environmentUrl: own.environment_url ?? null,
});
