import type { z } from "zod";
import type { recoverySchema, SourceWire } from "../../client/schemas.ts";
import type { RecoveryState } from "../../storage/store.ts";
import type { SourceInfo } from "../../usecases/app.ts";

export function sourceToWire({
  name,
  kind,
  path,
  lastDelivery,
  refused,
  recoveries,
}: SourceInfo): SourceWire {
  return {
    name,
    kind,
    path,
    last_delivery: lastDelivery === null ? null : summaryOf(lastDelivery),
    refused: { ...refused },
    recoveries: recoveries.map(recoveryToWire),
  };
}

const summaryOf = ({
  id,
  event,
  verdict,
  receivedAt,
}: NonNullable<SourceInfo["lastDelivery"]>): NonNullable<SourceWire["last_delivery"]> => ({
  id,
  event,
  verdict,
  received_at: receivedAt,
});

const recoveryToWire = (state: RecoveryState): z.infer<typeof recoverySchema> => ({
  hook: state.hook,
  started_at: state.startedAt,
  ended_at: state.endedAt,
  error: state.error,
  found: state.found,
  asked: state.asked,
  came_in: state.cameIn,
  open: state.open,
  given_up: state.givenUp,
});
