"use strict";

const fs = require("fs");
const path = require("path");

const root = path.resolve(__dirname, "../../data");

function readStore(name) {
  return JSON.parse(fs.readFileSync(path.join(root, name + ".json")));
}

exports.readStore = readStore;

module.exports.writeStore = function (name, value) {
  fs.writeFileSync(path.join(root, name + ".json"), JSON.stringify(value));
};

exports.appendStore = (name, value) => fs.appendFileSync(path.join(root, name + ".jsonl"), JSON.stringify(value) + "\n");
