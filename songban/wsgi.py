"""What gunicorn loads: the app of the service named by SONGBAN_SERVICE."""

import os
from typing import Any

from songban.processes import create_app


def app() -> Any:
    return create_app(os.environ["SONGBAN_SERVICE"])
