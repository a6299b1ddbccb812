import { z } from "zod";

/** What a sender remembers of the deliveries of one hook, and its way to send one again. */
export interface HookHistory {
  /** What the hook belongs to: `/repos/o/r`. */
  readonly hook: string;
  /**
   * The deliveries after the mark, the newest first; null: all that the sender remembers. Rejects RestError, or
   * UnreadableAnswer.
   */
  list(since: string | null, caller: HistoryCaller): Promise<HookListing>;
  /** Asks for a delivery once more. Rejects RestError. */
  redeliver(remoteId: string, caller: HistoryCaller): Promise<void>;
}

export interface HookListing {
  readonly deliveries: readonly ListedDelivery[];
  /** False: there were too many; older ones are left out. */
  readonly complete: boolean;
}

/** One try at a delivery. Several have one sender's id when it was tried again. */
export interface ListedDelivery {
  readonly remoteId: string;
  /** The sender's delivery id, as the request carried it. */
  readonly senderId: string;
  /** Its place in the history: of two, the newer one has the greater text. */
  readonly mark: string;
  readonly event: string;
  /** Whether it was answered as a success, as far as the sender knows. */
  readonly ok: boolean;
  /** RFC 3339; null where the sender does not say. */
  readonly deliveredAt: string | null;
}

export interface HistoryCaller {
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
  readonly log: (text: string) => void;
}

/** An answer that does not have the form that the sender's documentation gives it. */
export class UnreadableAnswer extends Error {
  override readonly name = "UnreadableAnswer";
}

/** There is no such hook, or none whose URL is this server's. */
export class HookNotFound extends Error {
  override readonly name = "HookNotFound";
}

/** So many pages are read at once; each has 100 deliveries. */
export const MAX_PAGES = 100;

/** Whether two URLs are the same to a sender, however they are written. */
export function sameUrl(one: string, other: string): boolean {
  if (!URL.canParse(one) || !URL.canParse(other)) return false;
  const plain = (text: string): string => {
    const { origin, pathname } = new URL(text);
    return origin + pathname.replace(/\/+$/, "");
  };
  return plain(one) === plain(other);
}

export interface FindHookOptions {
  /** For messages: `GitHub`. */
  readonly service: string;
  readonly owner: string;
  /** Given by the settings; null: found by its URL. */
  readonly hookId: string | null;
  readonly hookUrl: string | null;
  /** One page of the owner's hooks. */
  page(number: number, caller: HistoryCaller): Promise<readonly ListedHook[]>;
}

export interface ListedHook {
  readonly id: string;
  readonly url: string | null;
}

const HOOKS_PER_PAGE = 100;

/** One page of the hooks of an owner, as GitHub and GitLab number them. */
export const hooksPath = (owner: string, page: number): string =>
  `${owner}/hooks?per_page=${HOOKS_PER_PAGE}&page=${page}`;

/** The first hook that matches, page after page; null: none does. */
export async function findOnPages<T>(
  page: (number: number) => Promise<readonly T[]>,
  matches: (hook: T) => boolean,
): Promise<T | null> {
  for (let number = 1; number <= MAX_PAGES; number += 1) {
    const listed = await page(number);
    const found = listed.find(matches);
    if (found !== undefined) return found;
    if (listed.length < HOOKS_PER_PAGE) break;
  }
  return null;
}

export interface HookFinder {
  /** The hook's id. Rejects HookNotFound. */
  find(caller: HistoryCaller): Promise<string>;
  /** It may have been made anew under another id. */
  forget(): void;
}

/** Finds the hook that sends to this server, once. */
export function createHookFinder({ service, owner, hookId, hookUrl, page }: FindHookOptions): HookFinder {
  let found = hookId;

  async function search(caller: HistoryCaller): Promise<string> {
    const isOurs = ({ url }: ListedHook): boolean =>
      url !== null && hookUrl !== null && sameUrl(url, hookUrl);
    const hook = await findOnPages((number) => page(number, caller), isOurs);
    if (hook !== null) return hook.id;
    const where = hookUrl ?? "this server";
    throw new HookNotFound(`${service} has no webhook of ${owner} that sends to ${where}; set hook_id`);
  }

  return {
    find: async (caller) => (found ??= await search(caller)),
    forget() {
      found = hookId;
    },
  };
}

/** An id as the sender writes it, a number. */
export const remoteIdSchema = z.union([z.number(), z.string().regex(/^\d+$/)]).transform(String);

/** Throws UnreadableAnswer. */
export function parseAnswer<T>(service: string, schema: z.ZodType<T>, text: string): T {
  const result = schema.safeParse(parseWithLargeIds(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue === undefined ? "" : ` (${issue.path.join(".")}: ${issue.message})`;
  throw new UnreadableAnswer(`The answer of ${service} is not what its documentation says${where}`);
}

/** Ids may be larger than the numbers that JavaScript keeps exactly: those are read as text. */
function parseWithLargeIds(text: string): unknown {
  try {
    const revive: Reviver = (_key, value, context) =>
      typeof value === "number" && !Number.isSafeInteger(value) && context?.source !== undefined
        ? context.source
        : value;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node passes the source text, which the types do not know of
    return JSON.parse(text, revive as Parameters<typeof JSON.parse>[1]);
  } catch {
    throw new UnreadableAnswer("The answer is not JSON");
  }
}

type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;
