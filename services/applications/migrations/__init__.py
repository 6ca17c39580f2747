"""The applications database, step by step."""
