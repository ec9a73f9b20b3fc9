// Finds a Python for the language server itself. Before the workspace is trusted, no program that lies in it is
// started, not even to ask for its version: a folder's `.venv/bin/python` is whatever the folder's author put there.

import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, readdir, realpath, stat } from "node:fs/promises";
import * as path from "node:path";

export const OLDEST = [3, 11] as const;

export interface Search {
  /** `prefectLens.serverInterpreter`, or empty. */
  configured: string;
  /** The workspace's folders, absolute. */
  folders: readonly string[];
  trusted: boolean;
  /** What the Python extension has chosen for the folders. */
  chosen: readonly string[];
  env: NodeJS.ProcessEnv;
  home: string;
  platform: NodeJS.Platform;
  /** Where programs are started from: a folder of our own, so that no version manager reads the workspace's files. */
  workingFolder: string;
}

export interface Found {
  path: string;
  version: string;
  why: string;
}

export interface NotFound {
  /** What was looked at, and why it would not do; one sentence each. */
  rejected: readonly string[];
}

interface Candidate {
  command: string;
  arguments?: readonly string[];
  why: string;
}

/** Returns the first Python that is new enough and may be started, else what was wrong with each. */
export async function findServerInterpreter(search: Search): Promise<Found | NotFound> {
  const rejected: string[] = [];
  const seen = new Set<string>();
  for await (const candidate of candidates(search)) {
    const key = [candidate.command, ...(candidate.arguments ?? [])].join("\0");
    if (seen.has(key)) continue;
    seen.add(key);
    const answer = await examine(candidate, search);
    if (typeof answer !== "string") return answer;
    rejected.push(answer);
  }
  return { rejected };
}

/** Says whether a path leads into one of the folders, as written or by its links. */
export async function liesInside(file: string, folders: readonly string[], platform: NodeJS.Platform): Promise<boolean> {
  const places = [file, path.join(await resolved(path.dirname(file)), path.basename(file)), await resolved(file)];
  for (const folder of folders) {
    for (const top of [folder, await resolved(folder)]) {
      if (places.some((place) => contains(top, place, platform))) return true;
    }
  }
  return false;
}

async function* candidates(search: Search): AsyncGenerator<Candidate> {
  if (search.configured !== "") {
    yield { command: expand(search.configured, search), why: "prefectLens.serverInterpreter" };
    return;
  }
  const onPath = (search.env["PATH"] ?? search.env["Path"] ?? "")
    .split(search.platform === "win32" ? ";" : ":")
    .filter((folder) => path.isAbsolute(folder));
  const inside: string[] = [];
  for (const folder of onPath) {
    if (await liesInside(folder, search.folders, search.platform)) inside.push(folder);
    else yield* pythonsIn(folder, `${folder} on PATH`, search.platform);
  }
  if (search.platform === "win32") {
    const launcher = path.join(search.env["SystemRoot"] ?? "C:\\Windows", "py.exe");
    if (await executable(launcher)) yield { command: launcher, arguments: ["-3"], why: "the py launcher" };
  }
  for (const folder of await wellKnownFolders(search)) yield* pythonsIn(folder, folder, search.platform);
  if (!search.trusted) return;
  for (const chosen of search.chosen) yield { command: chosen, why: "chosen in the Python extension" };
  const bin = search.platform === "win32" ? "Scripts" : "bin";
  for (const folder of search.folders) {
    for (const name of [".venv", "venv"]) yield* pythonsIn(path.join(folder, name, bin), `${name} in the project`, search.platform);
  }
  for (const folder of inside) yield* pythonsIn(folder, `${folder} on PATH`, search.platform);
}

async function* pythonsIn(folder: string, why: string, platform: NodeJS.Platform): AsyncGenerator<Candidate> {
  const names = platform === "win32" ? ["python.exe", "python3.exe"] : ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"];
  for (const name of names) {
    const command = path.join(folder, name);
    if (await executable(command)) yield { command, why };
  }
}

/** Where Python is put by those who do not put it on PATH: editors started from a dock see little of it. */
async function wellKnownFolders({ home, env, platform }: Search): Promise<string[]> {
  if (platform === "win32") {
    const local = env["LOCALAPPDATA"] ?? path.join(home, "AppData", "Local");
    return [
      ...(await newestFirst(path.join(local, "Programs", "Python"), "")),
      ...(await newestFirst(path.join(env["APPDATA"] ?? path.join(home, "AppData", "Roaming"), "uv", "python"), "")),
      path.join(home, "miniconda3"),
      path.join(home, "miniforge3"),
      path.join(home, "anaconda3"),
    ];
  }
  const uv = env["UV_PYTHON_INSTALL_DIR"] ?? path.join(env["XDG_DATA_HOME"] ?? path.join(home, ".local", "share"), "uv", "python");
  return [
    "/opt/homebrew/bin",
    "/usr/local/bin",
    "/usr/bin",
    ...(await newestFirst(path.join(env["PYENV_ROOT"] ?? path.join(home, ".pyenv"), "versions"), "bin")),
    ...(await newestFirst(uv, "bin")),
    ...["miniconda3", "miniforge3", "anaconda3", ".pixi"].map((name) => path.join(home, name, "bin")),
    "/opt/conda/bin",
  ];
}

async function newestFirst(folder: string, below: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .sort((one, other) => other.localeCompare(one, "en", { numeric: true }))
    .map((name) => path.join(folder, name, below));
}

/** Asks a candidate for its version; a string says why it will not do. */
async function examine(candidate: Candidate, search: Search): Promise<Found | string> {
  const { command, why } = candidate;
  if (!path.isAbsolute(command) || !(await executable(command))) return `${command} (${why}) is not there, or is no program.`;
  const forbidden = async (file: string) => !search.trusted && (await liesInside(file, search.folders, search.platform));
  if (await forbidden(command)) return `${command} (${why}) lies in this folder, which is not trusted yet.`;
  const answer = await askVersion(command, candidate.arguments ?? [], search.workingFolder);
  if (typeof answer === "string") return `${command} (${why}) does not start: ${answer}`;
  if (await forbidden(answer.path)) return `${command} (${why}) leads to ${answer.path} in this folder, which is not trusted yet.`;
  const [major, minor] = answer.version;
  if (major !== OLDEST[0] || minor < OLDEST[1]) return `${command} (${why}) is Python ${answer.version.join(".")}.`;
  return { path: answer.path, version: answer.version.join("."), why };
}

function askVersion(
  command: string,
  before: readonly string[],
  workingFolder: string,
): Promise<{ path: string; version: [number, number, number] } | string> {
  const code = "import json, sys; print(json.dumps([sys.executable, list(sys.version_info[:3])]))";
  return new Promise((resolve) => {
    execFile(command, [...before, "-I", "-S", "-c", code], { cwd: workingFolder, timeout: 10_000, windowsHide: true }, (error, stdout) => {
      if (error) return resolve(firstLine(error.message));
      try {
        // The program behind a version manager's shim, so that the server's start does not pay for the shim again.
        const [file, version] = JSON.parse(stdout) as [string, [number, number, number]];
        resolve({ path: file || command, version });
      } catch {
        resolve("its answer is not that of a Python.");
      }
    });
  });
}

function expand(configured: string, { home, folders }: Search): string {
  const folder = folders[0] ?? home;
  const written = configured.replaceAll("${workspaceFolder}", folder).replace(/^~(?=$|[/\\])/, home);
  return path.resolve(folder, written);
}

function contains(folder: string, file: string, platform: NodeJS.Platform): boolean {
  const fold = (text: string) => (platform === "linux" ? text : text.toLowerCase());
  const relative = path.relative(fold(folder), fold(file));
  return relative === "" || (!path.isAbsolute(relative) && relative.split(path.sep)[0] !== "..");
}

async function executable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

async function resolved(file: string): Promise<string> {
  return realpath(file).catch(() => file);
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? text;
}
