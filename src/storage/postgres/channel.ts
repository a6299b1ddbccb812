import pg from "pg";
import { z } from "zod";

/** News between the servers of one database. They are hints: what is true stands in the tables. */
export interface Channel {
  /** Tells the others; lost when the database is away. */
  send(taskIds: readonly string[]): void;
  close(): Promise<void>;
}

export interface ChannelOptions {
  readonly url: string;
  /** From the other servers only. */
  readonly onNews: (taskId: string) => void;
  /** Connected, also again: news before this may have been missed. */
  readonly onConnect: () => void;
  readonly onError: (error: unknown) => void;
}

const NAME = "hookwright_tasks";
const AGAIN_MS = 1_000;
/** A connection that only listens does not notice that the other side is gone; so it asks now and then. */
const PROBE_MS = 10_000;
const ANSWER_MS = 5_000;

/** One connection of its own that listens, and is made again whenever it breaks. */
export function createChannel({ url, onNews, onConnect, onError }: ChannelOptions): Channel {
  let client: pg.Client | null = null;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;

  async function connect(): Promise<void> {
    const next = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
      keepAlive: true,
      application_name: "hookwright news",
    });
    const lost = createOnce(() => {
      client = null;
      clearInterval(timer);
      void next.end().catch(() => undefined);
      if (!closed) timer = setTimeout(() => void connect(), AGAIN_MS);
    });
    next.on("error", lost);
    next.on("end", lost);
    let own = 0;
    next.on("notification", ({ payload = "", processId }) => {
      if (processId !== own) onNews(payload);
    });
    try {
      await next.connect();
      const { rows } = await next.query("select pg_backend_pid() as pid");
      own = pidRow.parse(rows[0]).pid;
      await next.query(`listen ${NAME}`);
    } catch (error) {
      onError(error);
      lost();
      return;
    }
    client = next;
    timer = setInterval(() => void next.query("select 1").catch(lost), PROBE_MS);
    onConnect();
  }

  void connect();
  return {
    send(taskIds) {
      client?.query("select pg_notify($1, id) from unnest($2::text[]) as id", [NAME, taskIds]).catch(onError);
    },
    async close() {
      closed = true;
      clearInterval(timer);
      await client?.end().catch(() => undefined);
    },
  };
}

const pidRow = z.object({ pid: z.number() });

function createOnce(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}
