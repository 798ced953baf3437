import { useBasket } from "#state/basket";
import { recent, remember } from "#state/recent";

export function Shelf({ readerId }: { readerId: string }) {
  const isbns = useBasket((state) => state.isbns);
  remember(readerId, isbns);
  return <ul>{recent(readerId).map((isbn) => <li key={isbn}>{isbn}</li>)}</ul>;
}
