const KEY = "cache.catalogue";
const AN_HOUR = 3_600_000;

export async function catalogue(): Promise<unknown[]> {
  const cached = localStorage.getItem(KEY);
  if (cached) {
    const { at, books } = JSON.parse(cached);
    if (Date.now() - at < AN_HOUR) return books;
  }
  const response = await fetch("/api/books.json");
  const books = await response.json();
  localStorage.setItem(KEY, JSON.stringify({ at: Date.now(), books }));
  return books;
}
