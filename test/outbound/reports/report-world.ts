import type { Message } from "../../../src/domain/message.ts";
import { createFakeReports, type FakeReports } from "../../fakes/github-reports.ts";
import { type ApiAnswer, type ApiRequest, type FakeApi, startFakeApi } from "../../fakes/json-api.ts";
import { until } from "../../support/until.ts";
import { createWorld, type World } from "../../support/world.ts";

export const SHA = "a".repeat(40);
export const OLDER = "b".repeat(40);
const UNKNOWN = /^f+$/;

/** Tasks that are reported, a forge that they are reported to, and a clock that a test moves on. */
export interface ReportWorld extends World {
  readonly api: FakeApi;
  readonly github: FakeReports;
  /** Answers of the API that are lost: those of the requests that fit, once each. */
  readonly lost: ((request: ApiRequest) => boolean)[];
  pass(ms: number): void;
  /** Starts the action and waits for the task's end; resolves with its id. */
  run(params?: Readonly<Record<string, string>>): Promise<string>;
  /** Waits until so many messages have been delivered or given up, oldest first. */
  settled(count: number): Promise<readonly Message[]>;
  message(test: (message: Message) => boolean): Promise<Message>;
}

export interface ReportWorldOptions {
  /** What stands under `report`; `API` in it is the fake's address. */
  readonly report: string;
  readonly answer?: (request: ApiRequest) => ApiAnswer;
  /** Further keys of the action. */
  readonly action?: string;
}

const notFound: ApiAnswer = { status: 404, body: { message: "Not Found" } };

export async function openReportWorld({
  report,
  answer,
  action = "",
}: ReportWorldOptions): Promise<ReportWorld> {
  const github = createFakeReports((repository, sha) => repository === "o/app" && !UNKNOWN.test(sha));
  const lost: ReportWorld["lost"] = [];
  const api = await startFakeApi((request) => {
    const given = answer === undefined ? (github.answer(request) ?? notFound) : answer(request);
    const index = lost.findIndex((test) => test(request));
    if (index === -1) return given;
    lost.splice(index, 1);
    return { status: 502, body: { message: "The answer is lost" } };
  });
  let clock = Date.UTC(2026, 10, 25);
  const settings = `
github: { api_url: "${api.url}" }
outbound: { allow: [127.0.0.0/8] }
actions:
  deploy:
    params: { sha: {}, exit: { default: "0" } }
    report: ${report.replaceAll("API", api.url)}
    workdir: .
    steps: [{ name: build, run: [sh, -c, "echo private; exit $0", "\${{ params.exit }}"] }]
    ${action}
`;
  const world = await createWorld({ settings, now: () => new Date(clock) });
  const messages = async (): Promise<readonly Message[]> =>
    (await world.app.listMessages({ limit: 200 })).items.toReversed();
  return {
    ...world,
    api,
    github,
    lost,
    pass(ms) {
      clock += ms;
      world.services.outbound.wake();
    },
    async run(params = { sha: SHA }) {
      const { id } = await world.app.startAction({ action: "deploy", params, ...ASKER });
      await world.ended(id);
      return id;
    },
    settled: (count) =>
      until(
        async () => {
          const all = await messages();
          const done = all.filter(({ state }) => state !== "waiting");
          return done.length >= count ? done : null;
        },
        { what: `${count} messages that are delivered or given up` },
      ),
    message: (test) => until(async () => (await messages()).find(test), { what: "a message that fits" }),
    async close() {
      await world.close();
      await api.close();
    },
  };
}

export const ASKER = { by: "token:ci" };
