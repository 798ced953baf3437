export function keep(key: string, value: unknown): void {
  sessionStorage.setItem(key, JSON.stringify(value));
}

export function kept<T>(key: string, otherwise: T): T {
  const found = sessionStorage.getItem(key);
  return found === null ? otherwise : (JSON.parse(found) as T);
}
