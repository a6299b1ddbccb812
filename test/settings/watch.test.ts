import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { watchSettings } from "../../src/settings/watch.ts";
import { temporaryFolder } from "./settings-file.ts";

const FIRST = "store: sqlite:first\n";
const SECOND = "store: sqlite:second\n";

interface Watching {
  /** Waits for so many calls; their number then. */
  calls(atLeast?: number): Promise<number>;
  readonly count: number;
  end(): void;
}

function watching(file: string, known = FIRST): Watching {
  const onChange = vi.fn<() => void>();
  const end = watchSettings({ file, known, onChange });
  onTestFinished(end);
  return {
    end,
    get count() {
      return onChange.mock.calls.length;
    },
    async calls(atLeast = 1) {
      await vi.waitFor(() => expect(onChange.mock.calls.length).toBeGreaterThanOrEqual(atLeast), {
        timeout: 10_000,
      });
      return onChange.mock.calls.length;
    },
  };
}

async function settingsFile(): Promise<string> {
  const file = join(await temporaryFolder(), "hookwright.yaml");
  await writeFile(file, FIRST);
  return file;
}

describe("a settings file is read again when", () => {
  it("somebody writes into it, even to the same length", async () => {
    const file = await settingsFile();
    const watch = watching(file);
    await writeFile(file, FIRST.replace("first", "fir5t"));
    expect(await watch.calls()).toBe(1);
  });

  it("another file takes its place", async () => {
    const file = await settingsFile();
    const watch = watching(file);
    await writeFile(`${file}.new`, SECOND);
    await rename(`${file}.new`, file);
    expect(await watch.calls()).toBe(1);
  });

  it("the file goes, and comes back with something else", async () => {
    const file = await settingsFile();
    const watch = watching(file);
    await rm(file);
    await writeFile(file, SECOND);
    expect(await watch.calls()).toBe(1);
  });

  it("its whole folder goes, and comes back", async () => {
    const folder = join(await temporaryFolder(), "etc");
    await mkdir(folder);
    const file = join(folder, "hookwright.yaml");
    await writeFile(file, FIRST);
    const watch = watching(file);
    await rm(folder, { recursive: true });
    await mkdir(folder);
    await writeFile(file, SECOND);
    expect(await watch.calls()).toBe(1);
  });

  it("a file comes to be where there was none", async () => {
    const file = join(await temporaryFolder(), "hookwright.yaml");
    const watch = watching(file);
    await writeFile(file, SECOND);
    expect(await watch.calls()).toBe(1);
  });

  it("a link on the way to it leads elsewhere, as in a ConfigMap of Kubernetes", async () => {
    const dir = await temporaryFolder();
    for (const [version, text] of [
      ["..v1", FIRST],
      ["..v2", SECOND],
    ] as const) {
      await mkdir(join(dir, version));
      await writeFile(join(dir, version, "hookwright.yaml"), text);
    }
    await symlink("..v1", join(dir, "..data"));
    await symlink("..data/hookwright.yaml", join(dir, "hookwright.yaml"));
    const watch = watching(join(dir, "hookwright.yaml"));
    await symlink("..v2", join(dir, "..data_tmp"));
    await rename(join(dir, "..data_tmp"), join(dir, "..data"));
    expect(await watch.calls()).toBe(1);
  });

  it("the file behind a link in another folder is written", async () => {
    const target = await settingsFile();
    const link = join(await temporaryFolder(), "hookwright.yaml");
    await symlink(target, link);
    const watch = watching(link);
    await writeFile(target, SECOND);
    expect(await watch.calls()).toBe(1);
  });

  it("the content changed before the watch began", async () => {
    expect(await watching(await settingsFile(), "what was read before").calls()).toBe(1);
  });

  it("there is no text in it any more: whoever reloads has to be told", async () => {
    const file = await settingsFile();
    const watch = watching(file);
    await writeFile(file, Buffer.from([0xff, 0xfe]));
    expect(await watch.calls()).toBe(1);
  });
});

describe("the watch", () => {
  it("takes many writes, one after another, for few changes", async () => {
    const file = await settingsFile();
    const watch = watching(file);
    for (let count = 0; count < 200; count += 1) await writeFile(file, `# ${count}\n${SECOND}`);
    const calls = await watch.calls();
    await writeFile(file, FIRST);
    expect(await watch.calls(calls + 1)).toBeLessThan(10);
  });

  it("says nothing of a file that was touched but is the same", async () => {
    const file = await settingsFile();
    const watch = watching(file);
    await rename(file, `${file}.away`);
    await writeFile(file, FIRST);
    await writeFile(`${file}.new`, SECOND);
    await rename(`${file}.new`, file);
    expect(await watch.calls()).toBe(1);
    await writeFile(file, SECOND);
    await writeFile(file, FIRST);
    expect(await watch.calls(2)).toBe(2);
  });

  it("ends: no call comes after", async () => {
    const file = await settingsFile();
    const [ended, other] = [watching(file), watching(file)];
    ended.end();
    await writeFile(file, SECOND);
    expect(await other.calls()).toBe(1);
    expect(ended.count).toBe(0);
  });

  it("keeps no process alive", async () => {
    const file = await settingsFile();
    const url = new URL("../../src/settings/watch.ts", import.meta.url);
    const script = `import { watchSettings } from ${JSON.stringify(url.href)};
watchSettings({ file: ${JSON.stringify(file)}, known: ${JSON.stringify(FIRST)}, onChange() { console.log("changed"); } });`;
    const { stdout, exitCode } = await execa(process.execPath, ["--input-type=module", "--eval", script], {
      timeout: 20_000,
    });
    expect([exitCode, stdout]).toEqual([0, ""]);
  });
});
