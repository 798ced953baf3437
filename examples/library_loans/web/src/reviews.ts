import * as fs from "fs";
import { join } from "path";
import { DATA } from "./lib/paths";
import type { Review } from "./models";

const REVIEWS = join(DATA, "reviews");

export function publish(reviewId: string, review: Review): void {
  const file = join(REVIEWS, `${reviewId}.json`);
  const waiting = `${file}.tmp`;
  fs.writeFileSync(waiting, JSON.stringify(review));
  fs.renameSync(waiting, file);
}

export function reviewsOf(isbn: string): Review[] {
  return fs
    .readdirSync(REVIEWS)
    .map((name) => JSON.parse(fs.readFileSync(join(REVIEWS, name), "utf8")) as Review)
    .filter((review) => review.isbn === isbn);
}

export function hasReview(reviewId: string): boolean {
  return fs.existsSync(join(REVIEWS, `${reviewId}.json`));
}
