// @generated from the API description. Do not edit.
import { writeFileSync } from "node:fs";

export const record = (call: object) => writeFileSync("data/calls.json", JSON.stringify(call));
