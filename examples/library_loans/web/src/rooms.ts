import fse from "fs-extra";
import { DATA } from "@/lib/paths";

export async function book(roomId: string, day: string, readerId: string): Promise<void> {
  await fse.outputJson(`${DATA}/rooms/${roomId}/${day}.json`, { roomId, day, readerId });
}

export async function booking(roomId: string, day: string): Promise<{ readerId: string }> {
  return fse.readJson(`${DATA}/rooms/${roomId}/${day}.json`);
}

export async function cancel(roomId: string, day: string): Promise<void> {
  await fse.remove(`${DATA}/rooms/${roomId}/${day}.json`);
}
