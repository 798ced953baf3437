"""What libraries do: sinks, clients, stores, paths."""
