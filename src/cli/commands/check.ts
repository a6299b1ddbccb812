import { dirname, relative, resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { readTlsPair, type TlsFiles } from "../../lib/tls-pair.ts";
import { checkConfinement } from "../../settings/confinement-here.ts";
import { loadDotenv } from "../../settings/dotenv.ts";
import { findOpenFiles, formatOpenFile } from "../../settings/file-modes.ts";
import { loadSettings } from "../../settings/load.ts";
import { addBody, type Context } from "../command.ts";
import { DEFAULT_FILE, settingsPath } from "../connect.ts";
import { EXIT } from "../exit-codes.ts";
import { colors } from "../terminal.ts";
import { messageOf } from "../../lib/message-of.ts";

const input = z.object({ file: z.string().optional() });

async function run({ options, output }: Context, { file }: z.infer<typeof input>): Promise<number> {
  const path = file === undefined ? settingsPath(options) : resolve(file);
  try {
    loadDotenv(dirname(path));
    const settings = await loadSettings({ file: path, env: process.env });
    const { sources, actions, server } = settings;
    if (server.tls !== null) await checkCertificate(server.tls);
    await checkConfinement(settings);
    const warnings = [...settings.warnings, ...(await findOpenFiles(settings)).map(formatOpenFile)];
    const counts = { sources: Object.keys(sources).length, actions: Object.keys(actions).length };
    if (output.json) output.data({ valid: true, file: path, ...counts, warnings });
    for (const warning of output.json ? [] : warnings) output.note(`${colors.yellow("warning")}: ${warning}`);
    const found = `sources: ${counts.sources}, actions: ${counts.actions}`;
    if (!output.json) output.line(`${relative(process.cwd(), path)} is ${colors.green("valid")} (${found})`);
    return EXIT.ok;
  } catch (error) {
    if (!output.json || !(error instanceof AppError)) throw error;
    output.data({ valid: false, file: path, code: error.code, message: error.message, ...error.details });
    return EXIT.usage;
  }
}

/** Throws `server:tls`. */
async function checkCertificate(files: TlsFiles): Promise<void> {
  await readTlsPair(files).catch((error: unknown) => {
    throw new AppError("server:tls", messageOf(error), {
      cause: error,
    });
  });
}

export function addCheck(program: Command): void {
  const command = program
    .command("check")
    .description("check a settings file without starting; exits 2 when it is not valid")
    .argument("[file]", `settings file (default: --settings, or ${DEFAULT_FILE})`);
  addBody(command, {
    examples: ["hookwright check", "hookwright check /etc/hookwright/hookwright.yaml --json"],
    input,
    run,
  });
}
