import { readJson, removeFile, wishFile, writeJson } from "./lib";
import type { Wish } from "./models";

export async function wishes(readerId: string): Promise<Wish[]> {
  return readJson<Wish[]>(wishFile(readerId));
}

export async function setWishes(readerId: string, all: Wish[]): Promise<void> {
  await writeJson(wishFile(readerId), all);
}

export async function forgetWishes(readerId: string): Promise<void> {
  await removeFile(wishFile(readerId));
}
