import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { z } from "zod";
import { AppError } from "../domain/errors.ts";
import type { RelayedDelivery, StoredRelayed } from "./delivery.ts";
import { RELAY_LIMITS } from "./limits.ts";
import { messageOf } from "../lib/message-of.ts";

export interface Channel {
  readonly id: string;
  /** Anybody who knows the channel's URL may read it, as of smee.io. */
  readonly open: boolean;
  readonly createdAt: string;
}

export interface ChannelInfo extends Channel {
  readonly waiting: number;
  /** Of the bodies that wait. */
  readonly waitingBytes: number;
  /** Of those that are still on record: taken by the local server, and refused by it for good. */
  readonly accepted: number;
  readonly refused: number;
  readonly lastReceivedAt: string | null;
}

/** How the reader's server answered; null: the reader does not say. */
export type AnswerStatus = number | null;

/** The relay's own database. Each call is one transaction; when it returns, its writes have been fsynced. */
export interface RelayStore {
  /** The token is shown this once; null for an open channel. Throws `channel:exists`. */
  createChannel(input: { readonly id: string | null; readonly open: boolean; readonly now: Date }): {
    readonly channel: Channel;
    readonly token: string | null;
  };
  channel(id: string): Channel | null;
  channels(): readonly ChannelInfo[];
  /** With all that waits in it. False when there is none. */
  removeChannel(id: string): boolean;
  /** Whether the token is the channel's. An open channel takes any, and none. */
  mayRead(id: string, token: string | null): boolean;
  /** Throws `channel:full`, `channel:not_found`. */
  put(channel: string, delivery: RelayedDelivery): StoredRelayed;
  /** The highest `seq` that was ever given out. */
  latest(): number;
  /** The oldest that waits, of those with a higher `seq`. */
  next(channel: string, after: number): StoredRelayed | null;
  /** Forgets the body, keeps a record. False when it does not wait (any more). */
  settle(input: {
    readonly channel: string;
    readonly seq: number;
    readonly status: AnswerStatus;
    readonly now: Date;
  }): boolean;
  close(): void;
}

export interface RelayStoreOptions {
  readonly path: string;
  /** Bytes of the bodies that wait in one channel. */
  readonly maxWaitingBytes: number;
}

const VERSION = 1;
const SCHEMA = `
  create table channels (id text primary key, token_hash text, created_at text not null);
  create table deliveries (
    seq integer primary key autoincrement,
    channel text not null references channels (id) on delete cascade,
    id text not null,
    received_at text not null,
    query text not null,
    headers text not null,
    body blob not null,
    size integer not null,
    settled_at text,
    status integer
  );
  create index deliveries_waiting on deliveries (channel, seq) where settled_at is null;
  create index deliveries_settled on deliveries (channel, seq) where settled_at is not null;
  pragma user_version = ${VERSION};
`;

/** Another process of this machine, which makes a channel, is waited for. */
const BUSY_MS = 5_000;
/** Marks our tokens, so that scanners for leaked secrets can find them. */
const PREFIX = "hwr_";

const channelRow = z.object({ id: z.string(), token_hash: z.string().nullable(), created_at: z.string() });
const infoRow = channelRow.extend({
  waiting: z.number(),
  waiting_bytes: z.number(),
  accepted: z.number(),
  refused: z.number(),
  last: z.string().nullable(),
});
const deliveryRow = z.object({
  seq: z.number(),
  id: z.string(),
  received_at: z.string(),
  query: z.string(),
  headers: z.string(),
  body: z.instanceof(Buffer),
});
const storedHeaders = z.record(z.string(), z.string());
const latestRow = z.object({ seq: z.number() });
const loadRow = z.object({ count: z.number(), bytes: z.number() });

/** Opens the database, making it where there is none. Throws AppError `store:unavailable`, `store:too_new`. */
export function openRelayStore({ path, maxWaitingBytes }: RelayStoreOptions): RelayStore {
  const database = open(path);
  const query = prepare(database);

  const find = (id: string) => {
    const row = query.channel.get({ id });
    return row === undefined ? null : channelRow.parse(row);
  };

  const put = database.transaction((channel: string, delivery: RelayedDelivery): number => {
    if (find(channel) === null) throw notFound(channel);
    const { count, bytes } = loadRow.parse(query.load.get({ channel }));
    if (count >= RELAY_LIMITS.waiting || bytes + delivery.body.length > maxWaitingBytes) {
      const message = `${count} deliveries of ${bytes} bytes wait in the channel already; start its forwarder`;
      throw new AppError("channel:full", message, { retryAfter: 60 });
    }
    const { lastInsertRowid } = query.insert.run({
      channel,
      id: delivery.id,
      receivedAt: delivery.receivedAt,
      query: delivery.query,
      headers: JSON.stringify(delivery.headers),
      body: delivery.body,
      size: delivery.body.length,
    });
    return Number(lastInsertRowid);
  });

  const settle = database.transaction(
    ({ channel, seq, status, now }: Parameters<RelayStore["settle"]>[0]): boolean => {
      const { changes } = query.settle.run({ channel, seq, status, now: now.toISOString() });
      if (changes > 0) query.forget.run({ channel, kept: RELAY_LIMITS.settled });
      return changes > 0;
    },
  );

  return {
    createChannel({ id, open: isOpen, now }) {
      const token = isOpen ? null : PREFIX + randomBytes(32).toString("base64url");
      const channel = {
        id: id ?? randomBytes(15).toString("base64url"),
        open: isOpen,
        createdAt: now.toISOString(),
      };
      const tokenHash = token === null ? null : hashOf(token).toString("hex");
      const { changes } = query.createChannel.run({
        id: channel.id,
        tokenHash,
        createdAt: channel.createdAt,
      });
      if (changes === 0) throw new AppError("channel:exists", `There is a channel ${channel.id} already`);
      return { channel, token };
    },
    channel(id) {
      const row = find(id);
      return row === null ? null : toChannel(row);
    },
    channels: () => z.array(infoRow).parse(query.channels.all()).map(toInfo),
    removeChannel: (id) => query.removeChannel.run({ id }).changes > 0,
    mayRead(id, token) {
      const hash = find(id)?.token_hash;
      if (hash === undefined) return false;
      return hash === null || (token !== null && timingSafeEqual(hashOf(token), Buffer.from(hash, "hex")));
    },
    put: (channel, delivery) => ({ ...delivery, seq: put(channel, delivery) }),
    latest: () => latestRow.parse(query.latest.get()).seq,
    next(channel, after) {
      const row = query.next.get({ channel, after });
      return row === undefined ? null : toStored(deliveryRow.parse(row));
    },
    settle,
    close: () => void database.close(),
  };
}

const hashOf = (token: string): Buffer => createHash("sha256").update(token).digest();

export const notFound = (channel: string): AppError =>
  new AppError("channel:not_found", `There is no channel ${channel}`);

function open(path: string): Database.Database {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Made first with these rights: what SQLite puts beside it takes them over.
    closeSync(openSync(path, "a", 0o600));
    const database = new Database(path, { timeout: BUSY_MS });
    database.pragma("journal_mode = WAL");
    // What has been answered is on disk, whatever happens next.
    database.pragma("synchronous = FULL");
    database.pragma("foreign_keys = ON");
    database.transaction(() => migrate(database, path)).immediate();
    return database;
  } catch (error) {
    if (error instanceof AppError) throw error;
    const message = messageOf(error);
    throw new AppError("store:unavailable", `The relay's database ${path} can't be opened: ${message}`);
  }
}

function migrate(database: Database.Database, path: string): void {
  const version = Number(database.pragma("user_version", { simple: true }));
  if (version > VERSION) throw new AppError("store:too_new", `${path} is of a newer version of Hookwright`);
  if (version === 0) database.exec(SCHEMA);
}

function prepare(database: Database.Database) {
  return {
    createChannel: database.prepare(
      `insert into channels values (@id, @tokenHash, @createdAt) on conflict do nothing`,
    ),
    channel: database.prepare(`select * from channels where id = @id`),
    channels: database.prepare(`
      select channels.*,
        (select count(*) from deliveries where channel = channels.id and settled_at is null) as waiting,
        (select coalesce(sum(size), 0) from deliveries where channel = channels.id and settled_at is null)
          as waiting_bytes,
        (select count(*) from deliveries
          where channel = channels.id and settled_at is not null and coalesce(status, 200) < 300) as accepted,
        (select count(*) from deliveries
          where channel = channels.id and settled_at is not null and status >= 300) as refused,
        (select max(received_at) from deliveries where channel = channels.id) as last
      from channels order by created_at, id`),
    removeChannel: database.prepare(`delete from channels where id = @id`),
    load: database.prepare(`
      select count(*) as count, coalesce(sum(size), 0) as bytes
      from deliveries where channel = @channel and settled_at is null`),
    insert: database.prepare(`
      insert into deliveries (channel, id, received_at, query, headers, body, size)
      values (@channel, @id, @receivedAt, @query, @headers, @body, @size)`),
    latest: database.prepare(`
      select coalesce((select seq from sqlite_sequence where name = 'deliveries'), 0) as seq`),
    next: database.prepare(`
      select seq, id, received_at, query, headers, body from deliveries
      where channel = @channel and settled_at is null and seq > @after order by seq limit 1`),
    settle: database.prepare(`
      update deliveries set settled_at = @now, status = @status, body = x'', headers = '{}', query = ''
      where channel = @channel and seq = @seq and settled_at is null`),
    forget: database.prepare(`
      delete from deliveries where seq in (
        select seq from deliveries where channel = @channel and settled_at is not null
        order by seq desc limit -1 offset @kept
      )`),
  };
}

const toChannel = (row: z.infer<typeof channelRow>): Channel => ({
  id: row.id,
  open: row.token_hash === null,
  createdAt: row.created_at,
});

const toInfo = (row: z.infer<typeof infoRow>): ChannelInfo => ({
  ...toChannel(row),
  waiting: row.waiting,
  waitingBytes: row.waiting_bytes,
  accepted: row.accepted,
  refused: row.refused,
  lastReceivedAt: row.last,
});

const toStored = ({
  headers,
  received_at: receivedAt,
  ...rest
}: z.infer<typeof deliveryRow>): StoredRelayed => ({
  ...rest,
  receivedAt,
  headers: storedHeaders.parse(JSON.parse(headers)),
});
