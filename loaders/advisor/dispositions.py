"""What data may be, and the five questions that decide it: the words of classify and audit."""

SYSTEM_OF_RECORD = "SYSTEM_OF_RECORD"
CONFIG_STATIC = "CONFIG_STATIC"
CACHE = "CACHE"
UNCERTAIN = "UNCERTAIN"
DISPOSITIONS = (SYSTEM_OF_RECORD, CONFIG_STATIC, CACHE, UNCERTAIN)

QUESTIONS = (
    "Does it belong to a user or session, and change over time?",
    "Is it queried, filtered or aggregated?",
    "Do transactions, backups or an audit trail matter?",
    "Is it static: content or configuration that deploys change?",
    "Does an editor change it live?",
)
