"""The portal's own files for the browser, cached for good and sent compressed.

Offices and shops sit on bad lines: a file's address carries a digest of the whole folder, so a browser asks
once per release; text goes out gzipped. The folder is small (under half a megabyte), so it is held in memory.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, current_app, request, url_for

from shared.web import PUBLIC, requires

FOLDER = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"
COMPRESSED = {".css", ".js", ".svg"}
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2"}

blueprint = Blueprint("static_files", __name__)


@dataclass(frozen=True)
class File:
    """One file as it goes out."""

    content: bytes
    gzipped: bytes | None
    mimetype: str


class Folder:
    """Everything under one folder, read once."""

    def __init__(self, root: Path) -> None:
        digest = hashlib.sha256()
        self.files: dict[str, File] = {}
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.is_file() and not path.name.startswith("."):
                file = _read(path)
                self.files[name] = file
                digest.update(name.encode() + b"\0" + hashlib.sha256(file.content).digest())
        self.digest = digest.hexdigest()[:16]

    @property
    def complete(self) -> bool:
        """Whether `make install` has fetched the third-party files."""
        return "vendor/govuk-frontend.min.css" in self.files


def _read(path: Path) -> File:
    content = path.read_bytes()
    mimetype = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    gzipped = gzip.compress(content, mtime=0) if path.suffix in COMPRESSED else None
    return File(content, gzipped, mimetype)


def init_app(app: Flask, root: Path = FOLDER) -> None:
    """Serve `root` and give templates `asset('portal.css')`."""
    folder = Folder(root)
    app.extensions["static_files"] = folder
    app.register_blueprint(blueprint)
    app.jinja_env.globals["asset"] = asset
    if not folder.complete:
        app.logger.warning("The portal's vendor files are missing: pages will look bare. Run `make install`.")


def asset(name: str) -> str:
    """The address of one file, with the folder's digest in it."""
    folder: Folder = _folder()
    return url_for("static_files.send", digest=folder.digest, name=name)


def _folder() -> Folder:
    folder: Folder = current_app.extensions["static_files"]
    return folder


@blueprint.get("/static/<digest>/<path:name>")
@requires(PUBLIC)
def send(digest: str, name: str) -> Response:
    """One file. An address from an earlier release still answers, but is not kept."""
    folder = _folder()
    file = folder.files.get(name)
    if file is None:
        abort(404)
    zipped = file.gzipped is not None and bool(request.accept_encodings["gzip"])
    response = Response(file.gzipped if zipped else file.content, mimetype=file.mimetype)
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    if file.gzipped is not None:
        response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = FOREVER if digest == folder.digest else "no-cache"
    return response
