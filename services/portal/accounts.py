"""Who may sign in: creating accounts, checking passwords, shutting the door after wrong tries."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from uuid import UUID

import uuid_utils.compat
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import any_, func, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.portal.models import Account
from shared.auth import Actor, Role
from shared.db import Database

WRONG_TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
SHORTEST_PASSWORD = 10

_hasher = PasswordHasher()
_NOBODYS_HASH = _hasher.hash("nobody has this password")
"""Checked when the name is unknown, so that the time an answer takes does not tell which names exist."""

_CHECKING = BoundedSemaphore(2)
"""Checks at one moment: each takes 64 MiB, and anybody may ask for one."""


@dataclass(frozen=True)
class NewAccount:
    """What an operator says about a new account."""

    username: str
    display_name: str
    password: str
    roles: frozenset[str]
    commune: str | None = None
    province: str | None = None
    shop_id: str | None = None
    enterprise_id: str | None = None


@dataclass(frozen=True)
class Refusal:
    """Why a use case did not happen: a text key `account.<code>` and, for a lock, its end (UTC)."""

    code: str
    until: datetime | None = None


def create_account(session: Session, new: NewAccount) -> Account | Refusal:
    """Add an account; the role's area or shop must be named (the table's CHECKs say which)."""
    if len(new.password) < SHORTEST_PASSWORD:
        return Refusal("password_too_short")
    account = Account(
        id=uuid_utils.compat.uuid7(),
        username=normalised(new.username),
        display_name=new.display_name.strip(),
        password_hash=_hasher.hash(new.password),
        roles=sorted(new.roles),
        commune=new.commune,
        province=new.province,
        shop_id=new.shop_id,
        enterprise_id=new.enterprise_id,
    )
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError as error:
        return Refusal(_broken_rule(error))
    return account


def _broken_rule(error: IntegrityError) -> str:
    constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
    return "username_taken" if constraint == "account_username_key" else constraint.removeprefix("account_")


def set_password(session: Session, username: str, password: str) -> Refusal | None:
    """Give an account a new password and open its lock; every session it had ends."""
    if len(password) < SHORTEST_PASSWORD:
        return Refusal("password_too_short")
    found = session.execute(
        update(Account)
        .where(Account.username == normalised(username))
        .values(password_hash=_hasher.hash(password), failed_attempts=0, locked_until=None)
        .returning(Account.id)
    ).scalar_one_or_none()
    return None if found else Refusal("unknown")


def disable_account(session: Session, username: str, now: datetime) -> Refusal | None:
    """Shut an account out at once, also where it is signed in. The row stays: its name is in the log."""
    found = session.execute(
        update(Account)
        .where(Account.username == normalised(username))
        .values(disabled_at=func.coalesce(Account.disabled_at, now))
        .returning(Account.id)
    ).scalar_one_or_none()
    return None if found else Refusal("unknown")


def sign_in(database: Database, username: str, password: str, now: datetime) -> Account | Refusal:
    """The account, if the password is right and the door is open.

    Five wrong tries in a row lock the account for 15 minutes; while it is locked even the right password is
    refused, without looking at it. The count lives in the row, so that all processes share it. While a
    password is checked, which costs memory and time, neither row nor connection is held.
    """
    name = normalised(username)
    with database.transaction() as session:
        known = session.execute(
            select(Account.password_hash, Account.locked_until).where(Account.username == name)
        ).one_or_none()
    if known and known.locked_until and known.locked_until > now:
        return Refusal("locked", until=known.locked_until)
    checked = known.password_hash if known else _NOBODYS_HASH
    renewed = _renewed_if_right(checked, password)
    if known is None:
        return Refusal("wrong")
    with database.transaction() as session:
        return _decide(session, name, checked, renewed, now)


def _decide(
    session: Session, name: str, checked: str, renewed: str | None, now: datetime
) -> Account | Refusal:
    """Count the try and open or shut, in the account's row: what was true before the check may not be now."""
    account = session.scalars(select(Account).where(Account.username == name).with_for_update()).one()
    if account.locked_until and account.locked_until > now:
        return Refusal("locked", until=account.locked_until)
    if renewed is None or account.password_hash != checked:
        return _count_wrong_try(account, now)
    if account.disabled_at:
        return Refusal("disabled")
    account.failed_attempts, account.locked_until, account.password_hash = 0, None, renewed
    return account


def _count_wrong_try(account: Account, now: datetime) -> Refusal:
    account.failed_attempts += 1
    if account.failed_attempts < WRONG_TRIES:
        return Refusal("wrong")
    account.failed_attempts, account.locked_until = 0, now + LOCKED_FOR
    return Refusal("locked", until=account.locked_until)


def _renewed_if_right(password_hash: str, password: str) -> str | None:
    """None for a wrong password; else the hash to keep from now on, nearly always the same."""
    with _CHECKING:
        try:
            _hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return None
        return _hasher.hash(password) if _hasher.check_needs_rehash(password_hash) else password_hash


def active_account(session: Session, account_id: str, stamp: str) -> Account | None:
    """The account a session cookie names, unless it was disabled or its password changed since."""
    account = session.get(Account, UUID(account_id))
    if account is None or account.disabled_at or password_stamp(account) != stamp:
        return None
    return account


def names_of(session: Session, subjects: Iterable[str]) -> dict[str, str]:
    """Display names by token subject, which is the account's id; what is no account's id is left out."""
    wanted = {found for subject in set(subjects) if (found := _uuid(subject))}
    rows = session.execute(select(Account.id, Account.display_name).where(Account.id.in_(wanted))).all()
    return {str(row.id): row.display_name for row in rows}


def staff_of(session: Session, communes: Collection[str], province: str) -> dict[str, str]:
    """Who handles applications in a province, by token subject: the names of those who may still sign in."""
    there = Account.commune.in_(communes) | (Account.province == province)
    handles = or_(
        *(literal(role.value) == any_(Account.roles) for role in (Role.OFFICER, Role.APPROVER, Role.MANAGER))
    )
    rows = session.execute(
        select(Account.id, Account.display_name)
        .where(there, handles, Account.disabled_at.is_(None))
        .order_by(Account.display_name, Account.id)
    ).all()
    return {str(row.id): row.display_name for row in rows}


def _uuid(subject: str) -> UUID | None:
    try:
        return UUID(subject)
    except ValueError:
        return None


def password_stamp(account: Account) -> str:
    """A short mark of the present password, kept in the session cookie: a new password ends old sessions."""
    return hashlib.sha256(account.password_hash.encode()).hexdigest()[:16]


def normalised(username: str) -> str:
    """Names are compared without case or outer blanks: people type them on phones."""
    return username.strip().lower()


def actor_of(account: Account) -> Actor:
    """The account as the other services see it."""
    return Actor(
        subject=str(account.id),
        name=account.display_name,
        roles=frozenset(Role(role) for role in account.roles),
        commune=account.commune,
        province=account.province,
        shop_id=account.shop_id,
        enterprise_id=account.enterprise_id,
    )
