import { userInfo } from "node:os";
import { type Check, ok, warning } from "../finding.ts";

/** Whom every step runs as. */
export const checkAccount: Check = async () => {
  const { uid, username } = userInfo();
  if (uid !== 0) return [ok(`This runs as ${username}`)];
  return [
    warning(
      "This runs as root: if the server does, every step may do everything on this machine",
      "Give the server an account of its own, and run this as that account (docs/hardening.md)",
    ),
  ];
};
