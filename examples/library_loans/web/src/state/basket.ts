import { create } from "zustand";
import { persist } from "zustand/middleware";

interface Basket {
  isbns: string[];
  add(isbn: string): void;
}

export const useBasket = create<Basket>()(
  persist(
    (set) => ({ isbns: [], add: (isbn) => set((state) => ({ isbns: [...state.isbns, isbn] })) }),
    { name: "library-basket" },
  ),
);
