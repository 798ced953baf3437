const keyOf = (readerId: string) => `library.recent.${readerId}`;

export function recent(readerId: string): string[] {
  return JSON.parse(window.localStorage.getItem(keyOf(readerId)) ?? "[]");
}

export function remember(readerId: string, isbns: string[]): void {
  window.localStorage.setItem(keyOf(readerId), JSON.stringify(isbns));
}

export function forget(readerId: string): void {
  window.localStorage.removeItem(keyOf(readerId));
}
