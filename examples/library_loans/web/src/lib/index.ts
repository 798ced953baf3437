export * from "./jsonFile";
export { DATA, CONFIG, loanFile, wishFile } from "./paths";
export { JsonTable as Table } from "./JsonTable";
