// Every process that an editor has started, however it hid: told by a variable that all of them inherit.

import { readdir, readFile } from "node:fs/promises";

export interface Process {
  pid: number;
  parent: number;
  command: string;
}

/** The processes whose environment holds `marker`. Linux alone lets us look. */
export async function processesWith(marker: string): Promise<Process[]> {
  const found: Process[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string) => readFile(`/proc/${name}/${file}`, "utf8").catch(() => "");
    if (!(await read("environ")).includes(marker)) continue;
    // The name in brackets may hold anything, brackets too.
    const parent = Number((await read("stat")).split(") ").at(-1)?.split(" ")[1]);
    found.push({ pid: Number(name), parent, command: (await read("cmdline")).replaceAll("\0", " ").trim() });
  }
  return found;
}

/** The processes of the run that one process belongs to: the guard above it, and all that are below that guard. */
export function runOf(one: Process, all: readonly Process[]): Process[] {
  let top = one;
  for (let next: Process | undefined = one; next !== undefined; next = all.find(({ pid }) => pid === next?.parent)) {
    top = next;
    if (next.command.includes("guard.py")) break;
  }
  const family = [top];
  for (const member of family) family.push(...all.filter(({ parent }) => parent === member.pid));
  return family;
}

/** Waits until a condition holds; for what no event tells. */
export async function until<T>(what: string, seconds: number, read: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await read();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
