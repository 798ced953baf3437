import { DATA, Table } from "@/lib";

const lockers = new Table<{ readerId: string }>(`${DATA}/lockers`);
const keys = new Table<{ givenAt: string }>(`${DATA}/keys`);

export function rent(lockerId: string, readerId: string): void {
  lockers.put(lockerId, { readerId });
}

export function tenant(lockerId: string): string | undefined {
  return lockers.get(lockerId)?.readerId;
}

export function giveKey(keyId: string, givenAt: string): void {
  keys.put(keyId, { givenAt });
}

export function isGiven(keyId: string): boolean {
  return keys.get(keyId) !== undefined;
}
