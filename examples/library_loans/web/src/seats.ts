import { readFile, rm, writeFile } from "fs/promises";

const seatFile = (seat: number) => process.cwd() + "/data/seats/" + seat + ".json";

export async function take(seat: number, readerId: string): Promise<void> {
  await writeFile(seatFile(seat), JSON.stringify({ seat, readerId, since: new Date().toISOString() }));
}

export async function whoSits(seat: number): Promise<string> {
  const body = await readFile(seatFile(seat), { encoding: "utf8" });
  return JSON.parse(body).readerId;
}

export async function leave(seat: number): Promise<void> {
  await rm(seatFile(seat), { force: true });
}
