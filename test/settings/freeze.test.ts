import { describe, expect, it } from "vitest";
import { parseSettings } from "../../src/settings/load.ts";

const parse = (freeze: string) =>
  parseSettings({
    text: `freeze: ${freeze}\nactions: { deploy: { steps: [{ run: [x] }] }, rollback: { steps: [{ run: [x] }] } }`,
    file: null,
    dir: "/",
    env: {},
  }).freezes;

describe("freeze", () => {
  it("takes weekly times, dates and cron", () => {
    const freezes = parse(`
  - { from: Fri 17:00, until: Mon 08:00, timezone: Europe/Paris, except: rollback, reason: the weekend }
  - { from: 2026-12-23, until: 2027-01-02, actions: deploy }
  - { cron: "0 12 * * *", duration: 90m }`);
    expect(freezes.map(({ endOf: _, ...rest }) => rest)).toEqual([
      { actions: null, except: ["rollback"], reason: "the weekend" },
      { actions: ["deploy"], except: [], reason: null },
      { actions: null, except: [], reason: null },
    ]);
    const at = new Date("2026-12-25T12:30:00Z");
    expect(freezes.map(({ endOf }) => endOf(at)?.toISOString() ?? null)).toEqual([
      null,
      "2027-01-02T00:00:00.000Z",
      "2026-12-25T13:30:00.000Z",
    ]);
  });

  it.each([
    ["[{ from: Fri 17:00 }]", "1:10 freeze[0]: expected either from and until, or cron and duration"],
    ["[{ from: Fri 17:00, until: Mon 08:00, duration: 1h }]", "expected either from and until"],
    ["[{ from: Fri 17:00, until: soon }]", "freeze[0]: soon is no time"],
    ["[{ cron: x, duration: 1h }]", "freeze[0]: expected the five fields of cron"],
    ["[{ cron: 0 0 * * *, duration: 1h, timezone: Paris }]", "Paris is no time zone"],
    [
      "[{ cron: 0 0 * * *, duration: 1h, actions: [deplo] }]",
      '1:43 freeze[0].actions: there is no action deplo; did you mean "deploy"?',
    ],
    ["[{ cron: 0 0 * * *, duration: 1h, except: [x] }]", "freeze[0].except: there is no action x"],
    ["[{ corn: 0 0 * * * }]", 'freeze[0].corn: unknown key; did you mean "cron"?'],
  ])("refuses %s", (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });
});
