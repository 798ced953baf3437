export interface Wish {
  readerId: string;
  isbn: string;
  wishedAt: string;
  note?: string;
}

export type Review = {
  reviewId: string;
  isbn: string;
  stars: 1 | 2 | 3 | 4 | 5;
  isPublic: boolean;
};
