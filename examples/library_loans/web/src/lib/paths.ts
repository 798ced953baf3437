import path from "node:path";

export const DATA = process.env.LIBRARY_DATA ?? path.join(__dirname, "..", "..", "..", "data");
export const CONFIG = path.join(DATA, "config");

export const loanFile = (loanId: number) => path.join(DATA, "loans", `${loanId}.json`);

export function wishFile(readerId: string): string {
  return `${DATA}/wishes/${readerId}.json`;
}
