import { z } from "zod";
import type { ReceivedRequest } from "../support/receiver.ts";

const told = z.looseObject({
  type: z.string(),
  data: z.looseObject({
    failures: z.number().optional(),
    task: z.looseObject({ id: z.string(), action: z.string() }),
  }),
});

/** What a receiver by standard-webhooks was told. */
export const toldBy = ({ body }: Pick<ReceivedRequest, "body">) => told.parse(JSON.parse(body));
