"""The database: settings, connections, the embedded server, migrations."""
