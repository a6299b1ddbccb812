import { stringify } from "yaml";
import { z } from "zod";
import { replaceFile } from "./file.ts";
import type { TrafficSwitch } from "./switch.ts";

export const traefikSchema = z.strictObject({
  file: z
    .string()
    .regex(/^\/.+\.ya?ml$/, "expected an absolute path that ends with .yml or .yaml")
    .describe("A file in the folder of Traefik's file provider (`watch: true`) that is Hookwright's alone."),
  service: z
    .string()
    .regex(/^[A-Za-z0-9_.-]+$/, "expected the name of a service")
    .describe("The HTTP service that the file defines; routers elsewhere name it with `@file`."),
});

/** Traefik takes changes of its providers 2 s apart (`providersThrottleDuration`). */
const SETTLE_MS = 5_000;

/** https://doc.traefik.io/traefik/providers/file/ */
export function traefikSwitch({ file, service }: z.infer<typeof traefikSchema>): TrafficSwitch {
  return {
    name: "Traefik",
    settleMs: SETTLE_MS,
    async to(port) {
      const servers = [{ url: `http://127.0.0.1:${port}` }];
      await replaceFile(
        file,
        stringify({ http: { services: { [service]: { loadBalancer: { servers } } } } }),
      );
    },
  };
}
