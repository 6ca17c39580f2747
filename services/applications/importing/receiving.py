"""Taking a list from its officer: kept sealed, for the job to read. Nothing is read or entered here."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

import orjson
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.applications import domain
from services.applications.commands import programme_refusal
from services.applications.lists import ListProblem
from services.applications.lists.columns import title_key
from services.applications.lists.problems import list_problem
from services.applications.lists.table import column_letter
from services.applications.models import ListImport, ListMapping
from shared.auth import Actor
from shared.db.lean import Lean
from shared.privacy.sealing import seal_bytes
from shared.refusal import Refusal
from shared.settings import Settings

IMPORTS = UUID("6f1d1f0e-6a55-5b0b-9d0c-3c1f6f7b8a11")
"""Namespace of import ids: one file for one commune and programme has one id, however often it is sent."""

_RECEIVE = Lean(
    """
    INSERT INTO list_import (
        id, digest, commune, province, programme_id, filename, state, mapping, file, imported_by
    ) VALUES (
        :id, :digest, :commune, :province, :programme_id, :filename, :state, CAST(:mapping AS jsonb),
        CAST(:file AS bytea), :actor
    )
    ON CONFLICT (digest, commune, programme_id) DO UPDATE
    SET state = excluded.state, mapping = excluded.mapping, filename = excluded.filename,
        file = excluded.file, imported_by = excluded.imported_by, rows = 0, done = 0, accepted = 0,
        repeated = 0, refused = 0, warnings = 0, attempts = 0, report = NULL, finished_at = NULL,
        forgotten_at = NULL
    WHERE list_import.state NOT IN ('importing', 'imported')
    """
)
_COMMIT = text(
    """
    UPDATE list_import
    SET state = 'importing', imported_by = :actor, done = 0, accepted = 0, repeated = 0, refused = 0,
        warnings = 0, attempts = 0
    WHERE id = :id AND state = 'checked' AND file IS NOT NULL
    RETURNING id
    """
)
_CHECK_ANEW = text(
    """
    UPDATE list_import
    SET state = 'checking', mapping = mapping || CAST(:mapping AS jsonb), rows = 0, done = 0, accepted = 0,
        repeated = 0, refused = 0, warnings = 0, attempts = 0, report = NULL, finished_at = NULL
    WHERE id = :id AND state IN ('checking', 'checked', 'refused') AND file IS NOT NULL
    RETURNING id
    """
)
_REMEMBER = text(
    """
    INSERT INTO list_mapping (commune, title, field, chosen_by)
    SELECT :commune, key, value, :actor FROM jsonb_each_text(CAST(:mapping AS jsonb))
    ON CONFLICT (commune, title) DO UPDATE
    SET field = excluded.field, chosen_by = excluded.chosen_by, chosen_at = now()
    """
)


LETTERS = frozenset(map(column_letter, range(702)))
"""A to ZZ: a column without a title is named by its letter, and that is remembered for no other list."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came: its bytes and the name it bore."""

    data: bytes
    filename: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What its officer wants done with a file.

    mapping: column title, or letter where it has none → field, "" to leave the column out.
    """

    place: domain.Place
    programme_id: str
    dry_run: bool
    mapping: Mapping[str, str]
    actor: str


@dataclass(frozen=True, slots=True)
class Received:
    """`new`: there is something to do; False when this very file was imported before, or is just now."""

    import_id: str
    already_imported: bool


def receive(
    session: Session, settings: Settings, upload: Upload, wanted: Wanted
) -> Received | ListProblem | Refusal:
    """Keep a file for the job, once per file, commune and programme.

    One that was only checked, or refused, is read again; one that is imported, or just being so, stays.
    """
    refusal = programme_refusal(session, wanted.programme_id)
    if refusal is not None:
        return refusal
    if len(upload.data) > settings.imports.max_bytes:
        return list_problem("LIST_TOO_LARGE")
    if not upload.data:
        return list_problem("LIST_EMPTY")
    chosen = _by_key(wanted.mapping)
    _remember(session, wanted.place.commune, chosen, wanted.actor)
    import_id = str(uuid5(IMPORTS, f"{upload.digest}/{wanted.place.commune}/{wanted.programme_id}"))
    _RECEIVE.first(
        session,
        {
            "id": import_id,
            "digest": upload.digest,
            "commune": wanted.place.commune,
            "province": wanted.place.province,
            "programme_id": wanted.programme_id,
            "filename": upload.filename,
            "state": "checking" if wanted.dry_run else "importing",
            "mapping": orjson.dumps({**remembered(session, wanted.place.commune), **chosen}).decode(),
            "file": seal_bytes(settings.wrapping_key, upload.data, file_place(import_id)),
            "actor": wanted.actor,
        },
    )
    state = session.scalar(select(ListImport.state).where(ListImport.id == import_id))
    return Received(import_id, already_imported=state == "imported")


def commit_import(session: Session, import_id: str, actor: Actor) -> Refusal | None:
    """Let a checked list be entered. None when it will be or is; the import is one of the actor's area."""
    if session.execute(_COMMIT, {"id": import_id, "actor": actor.subject}).one_or_none() is not None:
        return None
    found = session.execute(
        select(ListImport.state, ListImport.forgotten_at).where(ListImport.id == import_id)
    ).one()
    if found.state in ("importing", "imported"):
        return None
    if found.forgotten_at is not None:
        return Refusal("LIST_FORGOTTEN")
    if found.state == "checking":
        return Refusal("LIST_STILL_CHECKED")
    return Refusal("LIST_NOT_IMPORTABLE")


def correct_mapping(
    session: Session, import_id: str, commune: str, mapping: Mapping[str, str], actor: Actor
) -> Refusal | None:
    """Read a list under what its officer says of its columns; remember it for the commune's next lists."""
    chosen = _by_key(mapping)
    values = {"id": import_id, "mapping": orjson.dumps(chosen).decode()}
    if session.execute(_CHECK_ANEW, values).one_or_none() is not None:
        _remember(session, commune, chosen, actor.subject)
        return None
    forgotten = session.scalar(select(ListImport.forgotten_at).where(ListImport.id == import_id))
    return Refusal("LIST_NOT_IMPORTABLE" if forgotten is None else "LIST_FORGOTTEN")


def remembered(session: Session, commune: str) -> dict[str, str]:
    """What a commune's officers said that column titles mean, by folded title."""
    query = select(ListMapping.title, ListMapping.field).where(ListMapping.commune == commune)
    return {row.title: row.field for row in session.execute(query)}


def file_place(import_id: str) -> str:
    """Where a sealed file belongs: it opens nowhere else."""
    return f"import/{import_id}"


def tidy_name(name: str | None) -> str:
    """A file's name on one line, its end kept: the end says what kind of file it is."""
    return "".join(letter for letter in name or "" if letter.isprintable())[-domain.LONGEST_LINE :]


def _by_key(mapping: Mapping[str, str]) -> dict[str, str]:
    """A mapping by folded titles, as lists and `list_mapping` know it; letters stay letters."""
    keys = {title: title if title in LETTERS else title_key(title) for title in mapping}
    return {key: mapping[title] for title, key in keys.items() if key}


def _remember(session: Session, commune: str, chosen: Mapping[str, str], actor: str) -> None:
    titles = {title: field for title, field in chosen.items() if title not in LETTERS}
    if titles:
        values = {"commune": commune, "mapping": orjson.dumps(titles).decode(), "actor": actor}
        session.execute(_REMEMBER, values)
