import { describe, expect, it } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { parseSettings } from "../../src/settings/load.ts";
import { including } from "../support/like.ts";

/** The problems of settings with one source. */
function problemsOf(source: string): unknown {
  try {
    parseSettings({ text: `sources: { app: ${source} }`, file: null, dir: "/", env: {} });
    return [];
  } catch (error) {
    return error instanceof AppError ? error.details["problems"] : error;
  }
}

const key = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 1).toString("base64")}`;
const WRONG = "expected whsec_ and the base64 of 24 to 64 bytes";

describe("a secret's form", () => {
  it.each([
    [`{ kind: gitlab, secrets: ["${key(24)}", "${key(64)}", "a-plain-token-of-some-length"] }`, []],
    [`{ kind: gitlab, secret: "whsec_" }`, [{ key: "sources.app.secret", message: WRONG }]],
    [
      `{ kind: gitlab, secret: "whsec_not base64 at all, sorry" }`,
      [{ key: "sources.app.secret", message: WRONG }],
    ],
    [
      `{ kind: gitlab, secrets: ["${key(32)}", "${key(23)}"] }`,
      [{ key: "sources.app.secrets[1]", message: WRONG }],
    ],
    // Elsewhere it is a secret like any other.
    [`{ kind: github, secret: "whsec_not base64 at all, sorry" }`, []],
  ])("%s", (source, problems) => {
    expect(problemsOf(source)).toEqual(problems.map((problem) => including(problem)));
  });

  it("of a generic source is one thing or the other", () => {
    expect(
      problemsOf(
        `{ kind: generic, secret: "a-plain-token-of-some-length", header: X-Sig, token_header: X-Token }`,
      ),
    ).toEqual([
      including({
        message: "header and token_header exclude each other: only one of them would be checked",
      }),
    ]);
  });
});
