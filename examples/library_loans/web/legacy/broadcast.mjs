import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const banner = fileURLToPath(new URL("../../data/config/banner.json", import.meta.url));

export default function text() {
  return JSON.parse(readFileSync(banner, "utf8")).text;
}
