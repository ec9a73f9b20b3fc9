// A real VS Code, served to a browser: started on a free port, with a profile of its own, and ended with all it started.

import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";

export interface Options {
  /** Whether VS Code asks for trust; else every folder is trusted. */
  asksForTrust?: boolean;
  /** More VSIX files than our own. */
  extensions?: readonly string[];
  settings?: Record<string, unknown>;
  env?: Record<string, string>;
  /** Whether the language server keeps workers ready, as it does for users; for single runs they cost more than they save. */
  keepsReady?: boolean;
  /** Whether what is kept ready shares its imports with other tests; it does not show the environment that it was started with. */
  sharesImports?: boolean;
}

export interface CodeServer {
  url: string;
  /** Where this one keeps everything: profile, extensions, logs. */
  home: string;
  process: ChildProcess;
  stop(): Promise<void>;
}

/** What VS Code would show and do on its own, switched off. */
const QUIET = {
  "workbench.startupEditor": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.tips.enabled": false,
  "workbench.enableExperiments": false,
  "telemetry.telemetryLevel": "off",
  "chat.disableAIFeatures": true,
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "update.mode": "none",
  "files.hotExit": "off",
  "git.enabled": false,
  "window.commandCenter": false,
  "editor.minimap.enabled": false,
  "editor.cursorBlinking": "solid",
  "workbench.reduceMotion": "on",
  // It would look through all processes of the machine every few seconds.
  "remote.autoForwardPorts": false,
};

/** Returns the value of a variable that the test command sets. */
export function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run the end-to-end tests by "make e2e".`);
  return value;
}

export async function startCodeServer(options: Options = {}): Promise<CodeServer> {
  const home = await mkdtemp(path.join(tmpdir(), "prefect-lens-e2e-"));
  const at = (...names: string[]) => path.join(home, ...names);
  await mkdir(at("data", "User"), { recursive: true });
  await writeFile(at("config.yaml"), "");
  await writeFile(
    at("data", "User", "settings.json"),
    JSON.stringify({ ...QUIET, "security.workspace.trust.enabled": options.asksForTrust ?? false, ...options.settings }),
  );
  // Our own is installed once for all of them.
  const extensions = options.extensions === undefined ? given("PREFECT_LENS_EXTENSIONS") : at("extensions");
  if (options.extensions !== undefined) await cp(given("PREFECT_LENS_EXTENSIONS"), extensions, { recursive: true });
  const common = [given("PREFECT_LENS_CODE_SERVER"), "--config", at("config.yaml"), "--user-data-dir", at("data"), "--extensions-dir", extensions];
  const env = {
    ...process.env,
    EXTENSIONS_GALLERY: '{"serviceUrl":""}',
    // As if started from a terminal: else it asks the user's shell for an environment, and puts that over this one.
    VSCODE_CLI: "1",
    // Shared with all tests: what is made once for each Prefect.
    XDG_CACHE_HOME: given("PREFECT_LENS_E2E_CACHE"),
    // Nothing of ours or of Prefect is to be found in the user's other folders afterwards.
    XDG_STATE_HOME: at("state"),
    XDG_DATA_HOME: at("share"),
    PREFECT_HOME: at("prefect"),
    // See `tests/forkserver.py`; a worker that is started for one run shares its imports.
    ...(options.sharesImports ? { LENS_TESTS_FORK_PARENT: "1" } : {}),
    ...(options.keepsReady === false ? { PREFECT_LENS_WARM: "0", LENS_TESTS_FORK_WORKER: "1" } : {}),
    ...options.env,
  };
  if (options.extensions !== undefined) {
    const names = options.extensions.flatMap((extension) => ["--install-extension", extension]);
    await promisify(execFile)(process.execPath, [...common, ...names, "--force"], { env });
  }
  const port = await freePort();
  const flags = ["--auth", "none", "--bind-addr", `127.0.0.1:${port}`, "--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"];
  const trust = options.asksForTrust ? [] : ["--disable-workspace-trust"];
  const log = createWriteStream(at("code-server.log"));
  const server = spawn(process.execPath, [...common, ...flags, ...trust, "--disable-proxy", "--ignore-last-opened", "--reconnection-grace-time", "1"], {
    env,
    detached: true, // a process group, so that all of it can be ended
    stdio: ["ignore", "pipe", "pipe"],
  });
  const end = () => {
    if (server.exitCode === null && server.signalCode === null) process.kill(-(server.pid as number), "SIGTERM");
  };
  process.once("exit", end); // where a test does not get to its end
  server.stdout.pipe(log);
  server.stderr.pipe(log);
  await answers(`http://127.0.0.1:${port}/healthz`, server);
  return {
    url: `http://127.0.0.1:${port}/`,
    home,
    process: server,
    stop: async () => {
      const gone = server.exitCode === null && server.signalCode === null ? once(server, "exit") : undefined;
      end();
      await gone;
      process.off("exit", end);
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function answers(url: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    if (server.exitCode !== null) throw new Error(`code-server ended with status ${server.exitCode}.`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50)); // there is no event for a port that opens
  }
  throw new Error("code-server does not answer.");
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
