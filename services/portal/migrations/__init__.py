"""The portal's database, step by step."""
