"""Writes the golden files anew: `python -m tests.contracts.regenerate`. Never part of a test run.

A golden file that changes is a contract that changes: stored events of that type can no longer be read as
they were. Add a new version of the type (and an upcaster) instead, unless nothing was ever released.
"""

from tests.contracts.examples import DATA, GOLDEN, golden_bytes


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for file in GOLDEN.glob("*.json"):
        if file.stem not in DATA:
            file.unlink()
    for name in DATA:
        (GOLDEN / f"{name}.json").write_bytes(golden_bytes(name))


if __name__ == "__main__":
    main()
