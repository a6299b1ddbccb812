import { senders } from "../senders/registry.ts";
import type { MadeRequest, Order, Sender } from "../senders/sender.ts";
import type { SigningSource } from "../settings/signing-source.ts";
import { CliError, EXIT } from "./exit-codes.ts";
import { messageOf } from "../lib/message-of.ts";

/** The sender of a source. */
export function senderOf({ kind: { kind } }: Pick<SigningSource, "kind">): Sender {
  const sender = senders.get(kind);
  if (sender === undefined) throw new CliError(EXIT.usage, `Webhooks of the kind ${kind} can't be made here`);
  return sender;
}

export type Unsigned = Omit<Order, "secret">;

/** Makes a webhook as the source's sender would, signed with `secret` or else the first of the source's that will do. */
export function make(source: SigningSource, order: Unsigned, secret?: string): MadeRequest {
  const sender = senderOf(source);
  const [usable] = sender.usable?.(source.secrets) ?? source.secrets;
  const key = secret ?? usable ?? null;
  if (key === null && needsKey(source, sender)) {
    const what = sender.signsWith ?? "a secret of the source";
    throw new CliError(
      EXIT.usage,
      `There is nothing to sign with: it takes ${what}`,
      "Give --secret-file FILE",
    );
  }
  try {
    return sender.make({ ...order, secret: key }, source.options);
  } catch (error) {
    const reason = messageOf(error);
    throw new CliError(EXIT.usage, `It can't be signed with that: ${reason}`, sender.signsWith ?? null);
  }
}

/** A source with `unsafe_no_auth` and no secret takes what carries no proof. */
const needsKey = ({ secrets, kind }: SigningSource, { usable }: Sender): boolean =>
  kind.publicKeys !== undefined || (usable !== undefined && secrets.length > 0);
