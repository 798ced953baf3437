import { useBasket } from "#state/basket";
import { recent, remember } from "#state/recent";
import { keep, kept } from "#state/session";

export function Shelf({ readerId }: { readerId: string }) {
  const isbns = useBasket((state) => state.isbns);
  const order = kept("library.order", "title");
  remember(readerId, isbns);
  return (
    <ul onClick={() => keep("library.order", order === "title" ? "shelf" : "title")}>
      {recent(readerId).map((isbn) => <li key={isbn}>{isbn}</li>)}
    </ul>
  );
}
