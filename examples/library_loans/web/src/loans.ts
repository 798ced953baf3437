import { readJson, writeJson } from "@/lib/jsonFile";
import { loanFile } from "@/lib/paths";

interface Loan {
  loan_id: number;
  due_on: string;
}

export async function showLoan(loanId: number): Promise<Loan> {
  return readJson<Loan>(loanFile(loanId));
}

export async function renew(loanId: number, dueOn: string): Promise<void> {
  const loan = await readJson<Loan>(loanFile(loanId));
  await writeJson(loanFile(loanId), { ...loan, due_on: dueOn });
}
