"""The eligibility database, step by step."""
