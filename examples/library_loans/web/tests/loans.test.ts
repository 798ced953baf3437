import { writeFileSync } from "node:fs";
import { renew } from "../src/loans";

jest.mock("../src/lib/paths", () => ({ loanFile: (loanId: number) => `/tmp/loans/${loanId}.json` }));

test("a renewed loan is due later", async () => {
  writeFileSync("/tmp/loans/1.json", JSON.stringify({ loan_id: 1, due_on: "2025-03-01" }));
  await renew(1, "2025-03-22");
});
