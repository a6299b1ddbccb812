import { setTimeout as sleep } from "node:timers/promises";
import { parseDuration } from "../../lib/duration.ts";
import { currentIn, dropCurrent, releaseIn, switchCurrent } from "../../lib/releases/folders.ts";
import { connectionsTo } from "../../lib/supervise/connections.ts";
import { startApp, stopApp } from "../../lib/supervise/control.ts";
import {
  type AppSpec,
  readJson,
  readPorts,
  specFile,
  specSchema,
  writePorts,
} from "../../lib/supervise/spec.ts";
import type { StepContext } from "../step.ts";
import { appEnvironment } from "./app-environment.ts";
import { failure } from "./failure.ts";
import type { ReleaseOptions } from "./options.ts";
import type { Runtime, RuntimeInput } from "./runtime.ts";
import { caddySwitch } from "./switches/caddy.ts";
import { nginxSwitch } from "./switches/nginx.ts";
import type { TrafficSwitch } from "./switches/switch.ts";
import { traefikSwitch } from "./switches/traefik.ts";
import { awaitApp } from "./await-app.ts";

/**
 * For apps that Hookwright keeps running itself. With two ports the new release is started beside the old one, awaited, and
 * then given the traffic; the old one ends once nobody is connected to it. With one port there is a gap between the two.
 */
export function createProcessRuntime({ options, dir }: RuntimeInput): Runtime {
  const proxy = createSwitch(options);
  const ports = options.ports ?? [];

  async function launch(id: string, port: number, context: StepContext): Promise<void> {
    await startApp(dir, specOf({ options, dir }, { id, port, context }));
    context.log(`${id} runs on port ${port}`);
    await awaitApp({ dir, port, health: options.health }, context);
  }

  async function toProxy(port: number, context: StepContext): Promise<void> {
    if (proxy === null) return;
    await proxy.to(port, context);
    context.log(`${proxy.name} sends requests to port ${port}`);
  }

  /** A server that died in the middle of a switch has left open which port the proxy uses. */
  async function settle(context: StepContext): Promise<number | null> {
    const { active, switchingTo } = await readPorts(dir);
    if (switchingTo !== null && active !== null) await toProxy(active, context);
    await writePorts(dir, { active, switchingTo: null });
    return active;
  }

  /** The new release is in use by now: trouble with the old one must not take it back. */
  async function retire(port: number, context: StepContext): Promise<void> {
    try {
      if (proxy !== null) await drain(port, { options, proxy }, context);
      await stopApp(dir, port);
      context.log(`Ended the app on port ${port}`);
    } catch (error) {
      context.log(`The app on port ${port} could not be ended: ${String(error)}`);
    }
  }

  return {
    async isTouched(ids) {
      const { switchingTo } = await readPorts(dir);
      if (switchingTo !== null) return true;
      const running = await Promise.all(ports.map((port) => readJson(specFile(dir, port), specSchema)));
      return running.some((spec) => spec !== null && ids.includes(spec.release));
    },
    async use(id, context) {
      const active = await settle(context);
      const port = ports.find((each) => each !== active) ?? active;
      if (port === null) throw failure("The release needs ports");
      if (port === active) await stopApp(dir, port);
      await launch(id, port, context);
      await writePorts(dir, { active, switchingTo: port });
      await toProxy(port, context);
      await switchCurrent(dir, id);
      await writePorts(dir, { active: port, switchingTo: null });
      context.log(`${currentIn(dir)} leads to ${id}`);
      if (active !== null && active !== port) await retire(active, context);
    },
    async putBack(previous, context) {
      const { active } = await readPorts(dir);
      const others = ports.filter((port) => port !== active);
      if (active !== null && others.length > 0) {
        await settle(context);
        if (previous !== null) await switchCurrent(dir, previous);
        for (const port of others) await stopApp(dir, port);
        return;
      }
      for (const port of ports) await stopApp(dir, port);
      const [port] = ports;
      if (previous === null || port === undefined) {
        await dropCurrent(dir);
        await writePorts(dir, { active: null, switchingTo: null });
        return;
      }
      await switchCurrent(dir, previous);
      await launch(previous, port, context);
      await writePorts(dir, { active: port, switchingTo: null });
    },
  };
}

const GRACE_MS = 10_000;
const DRAIN_MS = 30_000;

interface SpecPlace {
  readonly id: string;
  readonly port: number;
  readonly context: StepContext;
}

function specOf({ options, dir }: RuntimeInput, { id, port, context }: SpecPlace): AppSpec {
  if (options.run === undefined) throw failure("The release needs run");
  return {
    release: id,
    argv: [...context.appArgv(options.run)],
    cwd: releaseIn(dir, id),
    env: { ...appEnvironment(context.env), PORT: String(port), HOOKWRIGHT_RELEASE: id },
    port,
    log: `${dir}/log/${port}.log`,
    graceMs: parseDuration(options.grace ?? "") ?? GRACE_MS,
  };
}

function createSwitch({ switch: given }: ReleaseOptions): TrafficSwitch | null {
  if (given === undefined) return null;
  if ("nginx" in given) return nginxSwitch(given.nginx);
  if ("caddy" in given) return caddySwitch(given.caddy);
  return traefikSwitch(given.traefik);
}

interface DrainInput {
  readonly options: ReleaseOptions;
  readonly proxy: TrafficSwitch;
}

const POLL_MS = 50;
/** So long nobody may have been connected. */
const QUIET_MS = 500;

/** Waits until the proxy has surely moved on and nobody is connected any more, for as long as `drain` at most. */
async function drain(
  port: number,
  { options, proxy }: DrainInput,
  { signal, log }: StepContext,
): Promise<void> {
  const begun = Date.now();
  const until = begun + Math.max(proxy.settleMs, parseDuration(options.drain ?? "") ?? DRAIN_MS);
  let quietSince = begun;
  while (Date.now() < until && !signal.aborted) {
    const open = await connectionsTo(port);
    if (open !== 0) quietSince = Date.now();
    const settled = Date.now() - begun >= proxy.settleMs;
    if (settled && Date.now() - quietSince >= QUIET_MS) return;
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  if (!signal.aborted) log(`Somebody is still connected to port ${port}; waited long enough`);
}
