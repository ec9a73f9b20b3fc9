// Every process that an editor has started, however it hid: told by a variable that all of them inherit.

import { readdir, readFile } from "node:fs/promises";

export interface Process {
  pid: number;
  command: string;
}

/** The processes whose environment holds `marker`. Linux alone lets us look. */
export async function processesWith(marker: string): Promise<Process[]> {
  const found: Process[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string) => readFile(`/proc/${name}/${file}`, "utf8").catch(() => "");
    if (!(await read("environ")).includes(marker)) continue;
    found.push({ pid: Number(name), command: (await read("cmdline")).replaceAll("\0", " ").trim() });
  }
  return found;
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
