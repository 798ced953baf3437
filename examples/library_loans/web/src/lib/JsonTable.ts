import fs from "node:fs";
import path from "node:path";

export class JsonTable<Row> {
  constructor(private readonly folder: string) {}

  private file(key: string): string {
    return path.join(this.folder, key + ".json");
  }

  get(key: string): Row | undefined {
    if (!fs.existsSync(this.file(key))) return undefined;
    return JSON.parse(fs.readFileSync(this.file(key), "utf8"));
  }

  put(key: string, row: Row): void {
    fs.writeFileSync(this.file(key), JSON.stringify(row));
  }
}
