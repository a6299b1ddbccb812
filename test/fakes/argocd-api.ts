import { type ApiAnswer, type ApiRequest, type FakeApi, startFakeApi } from "./json-api.ts";

export interface FakeArgocd extends FakeApi {
  /** What the application's status goes through after an operation, one look after the other; the last one stays. */
  readonly looks: object[];
  /** Auto-sync, with which Argo CD takes neither a rollback nor a sync to another revision. */
  autoSync: boolean;
}

const GOOD = "1".repeat(40);
const BAD = "2".repeat(40);

/**
 * Argo CD's API as https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/ has it (gRPC codes as HTTP statuses,
 * `error`, `message` and `code` in the body): one application `web`, which was at GOOD and is at BAD.
 */
export async function startFakeArgocd(token: string): Promise<FakeArgocd> {
  const looks: object[] = [];
  const state = { autoSync: false };
  const history = [
    { id: 0, revision: GOOD },
    { id: 3, revision: BAD },
  ];

  function answer({ method, path, headers, body }: ApiRequest): ApiAnswer {
    if (headers["authorization"] !== `Bearer ${token}`)
      return refuse(401, "invalid session: token is invalid");
    if (!path.startsWith("/api/v1/applications/web")) return refuse(403, "permission denied");
    if (method === "GET") {
      const look = looks.length > 1 ? looks.shift() : looks[0];
      return { status: 200, body: { metadata: { name: "web" }, status: { history, ...look } } };
    }
    if (state.autoSync) return refuse(400, "rollback cannot be initiated when auto-sync is enabled");
    if (path.endsWith("/rollback") && !history.some(({ id }) => id === idOf(body))) {
      return refuse(400, "application web does not have deployment with id");
    }
    return { status: 200, body: { metadata: { name: "web" }, operation: {}, status: {} } };
  }

  const api = await startFakeApi(answer);
  return {
    ...api,
    looks,
    get autoSync() {
      return state.autoSync;
    },
    set autoSync(on) {
      state.autoSync = on;
    },
  };
}

const idOf = (body: unknown): unknown => new Map<string, unknown>(Object.entries(body ?? {})).get("id");

const refuse = (status: number, message: string): ApiAnswer => ({
  status,
  body: { error: message, code: status === 401 ? 16 : 9, message },
});
