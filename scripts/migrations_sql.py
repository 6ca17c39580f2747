"""Write each service's migrations as SQL, for the migration linter: `migrations_sql.py DIRECTORY`."""

import contextlib
import io
import sys
from pathlib import Path

from shared.db import offline_sql
from shared.settings import SERVICES


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for service in SERVICES:
        with contextlib.redirect_stdout(io.StringIO()):
            sql = offline_sql(service)
        (directory / f"{service}.sql").write_text(sql, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
