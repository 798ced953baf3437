const store = require("./store.js");
const limits = require("../../data/config/gate.json");

function pass(readerId, at) {
  if (at > limits.closes_at) return false;
  store.appendStore("gate", { readerId, at });
  return true;
}

module.exports = { pass };
