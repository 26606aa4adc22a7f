"""The store: what we owe, what we were told, and what became of it, on SQLite or PostgreSQL."""
