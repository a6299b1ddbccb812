import type { JSX } from "preact";
import type { z } from "zod";
import type { eventSchema } from "../../../src/client/schemas.ts";
import { Fact } from "../parts/basics.tsx";

type Event = z.infer<typeof eventSchema>;

/** What a delivery means, as far as there is something to say. */
export function EventFacts({ event }: { readonly event: Event }): JSX.Element {
  const { name, repository, branch, tag, ref, commit, sender, status } = event;
  const place = branch ?? tag ?? ref;
  return (
    <>
      <Fact name="Event">
        {name}
        {status !== null && `, ${status}`}
        {event.deleted && ", deleted"}
      </Fact>
      {repository !== null && <Fact name="Repository">{repository}</Fact>}
      {place !== null && (
        <Fact name={branch !== null ? "Branch" : tag !== null ? "Tag" : "Ref"}>{place}</Fact>
      )}
      {commit !== null && (
        <Fact name="Commit">
          <code title={commit.sha}>{commit.sha.slice(0, 12)}</code> {commit.message?.split("\n")[0]}
        </Fact>
      )}
      {sender !== null && <Fact name="Sender">{sender}</Fact>}
    </>
  );
}
