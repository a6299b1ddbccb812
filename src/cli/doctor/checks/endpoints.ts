import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { type Check, type Finding, ok, problem } from "../finding.ts";

/** Whether the names of those who are told stand for anything. Nothing is sent: `hookwright endpoints test NAME` does. */
export const checkEndpoints: Check = async ({ settings }) => {
  const endpoints = Object.values(settings.notify);
  if (endpoints.length === 0) return [];
  const found = await Promise.all(
    endpoints.map(async ({ name, url }): Promise<Finding | null> => {
      const host = URL.canParse(url) ? new URL(url).hostname.replaceAll(/^\[|\]$/g, "") : "";
      if (host === "" || isIP(host) !== 0) return null;
      const exists = await lookup(host).then(
        () => true,
        () => false,
      );
      if (exists) return null;
      return problem(`The endpoint ${name} is at ${host}, which no name server knows`, "Mend its url");
    }),
  );
  const bad = found.filter((each) => each !== null);
  return bad.length > 0 ? bad : [ok(`Endpoints whose names are known: ${endpoints.length}`)];
};
