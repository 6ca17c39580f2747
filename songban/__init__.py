"""The operator's command: the command line, the one-machine stack and its supervisor, the demo."""

import os
import tempfile
from importlib.metadata import version
from pathlib import Path


def _give_runtime_directory() -> None:
    """The PostgreSQL wheel keeps a lock file in XDG_RUNTIME_DIR, and warns where nobody set it."""
    if "XDG_RUNTIME_DIR" not in os.environ:
        directory = Path(tempfile.gettempdir()) / f"songban-{os.getuid()}"
        directory.mkdir(mode=0o700, exist_ok=True)
        os.environ["XDG_RUNTIME_DIR"] = str(directory)


_give_runtime_directory()

__version__ = version("songban")
