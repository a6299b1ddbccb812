import { EventSourceParserStream } from "eventsource-parser/stream";
import { z } from "zod";
import { logEntrySchema, taskSchema } from "../../src/client/schemas.ts";

const endSchema = z.object({ state: z.string(), outcome: z.string().nullable() });

export type StreamEvent =
  | { readonly type: "log"; readonly id: string | undefined; readonly entry: z.infer<typeof logEntrySchema> }
  | { readonly type: "task"; readonly task: z.infer<typeof taskSchema> }
  | { readonly type: "end"; readonly end: z.infer<typeof endSchema> };

/** The events of an answer, as they come. Throws on one that is not documented. */
export async function* eventsOf(response: Response): AsyncGenerator<StreamEvent> {
  if (response.body === null) return;
  const events = response.body
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  for await (const { event, data, id } of events) {
    const value: unknown = JSON.parse(data);
    if (event === "log") yield { type: event, id, entry: logEntrySchema.parse(value) };
    else if (event === "task") yield { type: event, task: taskSchema.parse(value) };
    else if (event === "end") yield { type: event, end: endSchema.parse(value) };
    else throw new Error(`the event ${event} is not documented`);
  }
}

export async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const event of events) all.push(event);
  return all;
}
