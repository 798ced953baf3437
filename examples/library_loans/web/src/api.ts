import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

export async function post(url: string, body: unknown): Promise<unknown> {
  console.log(JSON.stringify({ level: "info", url }));
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  return response.json();
}

export function cacheKey(query: Record<string, string>): string {
  return createHash("sha256").update(JSON.stringify(query)).digest("hex");
}

export const page = (): string => readFileSync("web/index.html", "utf8");

export function handler(request: { body: string }, response: { json(body: unknown): void }): void {
  response.json({ echo: JSON.parse(request.body) });
}
