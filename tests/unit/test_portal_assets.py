"""The script that fetches the browser's files: quick when nothing changed, clear when it cannot."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def assets(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("assets", ROOT / "scripts" / "assets.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, path in {"VENDOR": "vendor", "BUILD": "build", "STAMP": "vendor/.stamp"}.items():
        monkeypatch.setattr(module, name, tmp_path / path)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    for name in module.MANIFESTS:
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return module


def packages(assets, folder: Path, css: str) -> Path:
    """A node_modules folder with the files that the script copies."""
    for name in assets.COPIES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / assets.STYLESHEET).write_text(css)
    return folder


FACE = "@font-face{font-family:GDS Transport;font-weight:400;src:url(/assets/fonts/light.woff2)}"


def test_the_stylesheet_comes_in_our_typeface(assets):
    css = assets.with_own_font(FACE + ".govuk-body{font-family:GDS Transport,arial,sans-serif}")
    assert css == '.govuk-body{font-family:"Be Vietnam Pro",arial,sans-serif}'


def test_a_typeface_named_in_a_new_way_stops_the_script(assets):
    with pytest.raises(assets.AssetsError, match="with_own_font"):
        assets.with_own_font(".a{font:1rem GDS Transport}")


def test_a_second_run_does_nothing(assets, tmp_path, monkeypatch, capsys):
    runs = []
    modules = packages(assets, tmp_path / "node_modules", FACE)
    monkeypatch.setattr(assets, "npm_ci", lambda: runs.append(1) or modules)
    assert [assets.main(), assets.main()] == [0, 0]
    assert len(runs) == 1
    assert "up to date" in capsys.readouterr().out
    (tmp_path / "vendor" / "htmx.min.js").unlink()
    assert assets.main() == 0
    assert len(runs) == 2, "a lost file is fetched again"
    lock = tmp_path / "package-lock.json"
    lock.write_text(lock.read_text() + " ")
    assert assets.main() == 0
    assert len(runs) == 3, "another lock file is another set of files"


def test_without_any_npm_it_says_what_to_install(assets, monkeypatch, capsys):
    monkeypatch.setattr(assets.shutil, "which", lambda _: None)
    monkeypatch.setattr(assets.importlib.util, "find_spec", lambda _: None)
    assert assets.main() == 1
    assert "Run `make install`" in capsys.readouterr().err


def test_npms_own_words_are_passed_on(assets, monkeypatch, capsys):
    failing = [sys.executable, "-c", "import sys; sys.exit('EINTEGRITY')"]
    monkeypatch.setattr(assets, "npm", lambda: (failing, {}))
    assert assets.main() == 1
    assert "EINTEGRITY" in capsys.readouterr().err


def test_a_package_that_moved_a_file_is_named(assets, tmp_path):
    with pytest.raises(assets.AssetsError, match=r"htmx\.min\.js"):
        assets.existing(tmp_path, "htmx.org/dist/htmx.min.js")


def test_the_lock_names_no_registry_and_pins_what_the_macros_are_written_for():
    lock = (ROOT / "package-lock.json").read_text()
    assert "resolved" not in lock
    pinned = json.loads((ROOT / "package.json").read_text())["dependencies"]
    locked = json.loads(lock)["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in pinned} == pinned
    assert all(package.get("integrity") for name, package in locked.items() if name)
