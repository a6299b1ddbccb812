import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkLink, TarballError } from "../../../src/lib/tarball/names.ts";
import { type UnpackOptions, unpackTarball } from "../../../src/lib/tarball/unpack.ts";
import { archive, bomb, inPieces } from "../../support/archives.ts";

let dir: string;
let into: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hookwright-tarball-"));
  into = join(dir, "a/tree");
  await mkdir(into, { recursive: true });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const signal = new AbortController().signal;
const unpack = (bytes: Buffer, options: Partial<UnpackOptions> = {}) =>
  unpackTarball({ archive: inPieces(bytes, 512), into, signal, ...options });

async function fault(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof TarballError ? error.fault : `none: ${String(error)}`;
}

describe("unpackTarball", () => {
  it("unpacks what git archives, byte for byte, whatever the pieces are", async () => {
    const repo = join(dir, "repo");
    const git = (...args: string[]) =>
      execa("git", ["-c", "user.name=n", "-c", "user.email=e@e", ...args], { cwd: repo });
    await mkdir(join(repo, "lib/deep"), { recursive: true });
    const long = `${"long-name-".repeat(15)}.txt`;
    await execa(
      "sh",
      [
        "-c",
        `printf 'x\\0y' > lib/deep/bytes; echo run > run.sh; chmod 4755 run.sh; ln -s lib/deep/bytes link; echo l > ${long}; echo u > 'Grüße.txt'`,
      ],
      { cwd: repo },
    );
    await git("init", "-q");
    await git("add", ".");
    await git("commit", "-qm", "one");
    const made = await git("archive", "--format=tar.gz", "--prefix=o-r-abc/", "HEAD").then(() =>
      execa("git", ["archive", "--format=tar.gz", "--prefix=o-r-abc/", "HEAD"], {
        cwd: repo,
        encoding: "buffer",
      }),
    );
    const { files } = await unpackTarball({ archive: inPieces(Buffer.from(made.stdout), 13), into, signal });
    expect(files).toBe(4);
    expect((await readdir(into)).toSorted()).toEqual(["Grüße.txt", "lib", "link", long, "run.sh"].toSorted());
    expect(await readFile(join(into, "lib/deep/bytes"))).toEqual(Buffer.from("x\0y"));
    expect((await lstat(join(into, "run.sh"))).mode & 0o7777).toBe(0o755);
    expect(await readlink(join(into, "link"))).toBe("lib/deep/bytes");
  });

  it.each<[string, string, Parameters<typeof archive>[0]]>([
    ["an absolute path", "unsafe_path", [{ name: "/etc/passwd", text: "x" }]],
    ["a path that climbs", "unsafe_path", [{ name: "root/../../x", text: "x" }]],
    ["a path that climbs within", "unsafe_path", [{ name: "root/a/../b", text: "x" }]],
    ["a file beside the one folder", "unsafe_path", [{ name: "x", text: "x" }]],
    ["a part that is too long", "unsafe_path", [{ name: `root/${"x".repeat(256)}`, text: "x" }]],
    ["a link to an absolute path", "unsafe_link", [{ name: "root/l", type: "symlink", linkname: "/etc" }]],
    ["a link that climbs out", "unsafe_link", [{ name: "root/a/l", type: "symlink", linkname: "../../x" }]],
    [
      "a link that goes up behind a name",
      "unsafe_link",
      [{ name: "root/l", type: "symlink", linkname: "a/../b" }],
    ],
    ["a hard link", "unsupported_entry", [{ name: "root/l", type: "link", linkname: "/etc/passwd" }]],
    [
      "a device",
      "unsupported_entry",
      [{ name: "root/d", type: "character-device", devmajor: 1, devminor: 3 }],
    ],
    ["a block device", "unsupported_entry", [{ name: "root/d", type: "block-device" }]],
    ["a fifo", "unsupported_entry", [{ name: "root/f", type: "fifo" }]],
    [
      "a file through a link",
      "unsafe_path",
      [
        { name: "root/l", type: "symlink", linkname: "sub" },
        { name: "root/l/x", text: "x" },
      ],
    ],
    [
      "a file over a link",
      "unsafe_path",
      [
        { name: "root/l", type: "symlink", linkname: "sub" },
        { name: "root/l", text: "x" },
      ],
    ],
    [
      "a link over a folder",
      "unsafe_path",
      [
        { name: "root/l/x", text: "x" },
        { name: "root/l", type: "symlink", linkname: "sub" },
      ],
    ],
    [
      "a file twice",
      "unsafe_path",
      [
        { name: "root/x", text: "x" },
        { name: "root/./x", text: "y" },
      ],
    ],
    ["nothing", "empty", [{ name: "root/", type: "directory" }]],
  ])("refuses %s", async (_, expected, pieces) => {
    expect(await fault(unpack(await archive(pieces)))).toBe(expected);
    expect(await readdir(dir)).toEqual(["a"]);
    expect(await readdir(join(dir, "a"))).toEqual(["tree"]);
  });

  it("takes no setuid bit, and no right for others to write", async () => {
    await unpack(
      await archive([
        { name: "root/x", mode: 0o6777, text: "x" },
        { name: "root/y", mode: 0o666 },
      ]),
    );
    expect((await lstat(join(into, "x"))).mode & 0o7777).toBe(0o755);
    expect((await lstat(join(into, "y"))).mode & 0o7777).toBe(0o644);
  });

  it("bounds the archive, what comes out, the number of entries and the ratio", async () => {
    const many = Array.from({ length: 20 }, (_each, index) => ({
      name: `root/${index}`,
      text: "x".repeat(100),
    }));
    const bytes = await archive(many);
    expect(await fault(unpack(bytes, { limits: { maxEntries: 19 } }))).toBe("too_many_files");
    expect(await fault(unpack(bytes, { limits: { maxBytes: 5_000 } }))).toBe("too_large");
    expect(await fault(unpack(bytes, { limits: { maxArchiveBytes: 50 } }))).toBe("too_large");
    expect(await fault(unpackTarball({ archive: bomb(64 * 1024 * 1024), into, signal }))).toBe("ratio");
  });

  it("tells a broken archive", async () => {
    const bytes = await archive([{ name: "root/x", text: "x".repeat(10_000) }]);
    expect(await fault(unpack(Buffer.from("<html>not found</html>")))).toBe("malformed");
    expect(await fault(unpack(bytes.subarray(0, bytes.length - 20)))).toBe("malformed");
    expect(await fault(unpack(Buffer.alloc(0)))).toBe("malformed");
  });

  it("ends when it is told to", async () => {
    const stop = new AbortController();
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield (await archive([{ name: "root/x", text: "x" }])).subarray(0, 20);
      stop.abort(new Error("cancelled"));
      await new Promise(() => undefined);
    }
    await expect(unpackTarball({ archive: slow(), into, signal: stop.signal })).rejects.toThrow("cancelled");
  });
});

describe("checkLink", () => {
  it("lets nothing through that leads out, however links are put together", () => {
    const part = fc.constantFrom("a", "b", "l", "..", ".");
    const path = fc.array(part, { minLength: 1, maxLength: 5 });
    const accepted = (at: readonly string[], target: string): boolean => {
      try {
        checkLink(at, target);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(["l"], ["a", "l"], ["a", "b", "l"]), path), { maxLength: 4 }),
        (links) => {
          const made = new Map(
            links
              .filter(([at, target]) => accepted(at, target.join("/")))
              .map(([at, target]) => [at.join("/"), target] as const),
          );
          for (const start of made.keys()) expect(leavesRoot(start.split("/"), made)).toBe(false);
        },
      ),
    );
  });
});

/** Follows links as the kernel does. */
function leavesRoot(path: readonly string[], links: ReadonlyMap<string, readonly string[]>): boolean {
  let at: string[] = [];
  const todo = [...path];
  for (let steps = 0; todo.length > 0 && steps < 40; steps += 1) {
    const next = todo.shift();
    if (next === undefined || next === ".") continue;
    if (next === "..") {
      if (at.length === 0) return true;
      at = at.slice(0, -1);
      continue;
    }
    const target = links.get([...at, next].join("/"));
    if (target === undefined) at.push(next);
    else todo.unshift(...target);
  }
  return false;
}
