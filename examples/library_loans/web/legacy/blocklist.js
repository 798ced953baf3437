const { readStore, writeStore } = require("./store");

module.exports = {
  block(readerId, why) {
    const blocked = readStore("blocklist");
    blocked[readerId] = why;
    writeStore("blocklist", blocked);
  },
  isBlocked: (readerId) => readerId in readStore("blocklist"),
};
