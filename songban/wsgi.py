"""What gunicorn loads: the app of the service named by SONGBAN_SERVICE."""

import gc
import os
from typing import Any

from songban.processes import create_app


def app() -> Any:
    """The app, and all that it consists of out of the garbage collector's sight: it lives as long as the
    process, and looking through it again and again costs requests one part in twenty."""
    made = create_app(os.environ["SONGBAN_SERVICE"])
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
    return made
