import { Low } from "lowdb";
import { JSONFile } from "lowdb/node";
import { DATA } from "./lib/paths";

type Polls = { votes: { readerId: string; pollId: string; choice: string }[] };

const db = new Low<Polls>(new JSONFile<Polls>(`${DATA}/polls.json`), { votes: [] });

export async function vote(readerId: string, pollId: string, choice: string): Promise<void> {
  await db.read();
  db.data.votes.push({ readerId, pollId, choice });
  await db.write();
}
