"""Who finds what on the home page and in the menu: one table.

A task shows once its page exists: `endpoint` is looked up among the registered views, so a page appears in
the menu by registering its blueprint.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app, request, url_for

from shared.auth import Actor, Role


@dataclass(frozen=True)
class Task:
    """One thing a role does. Texts: `task.<name>.title`, `.hint`, `.menu`; `service` is the API it needs."""

    name: str
    endpoint: str
    service: str
    roles: tuple[Role, ...]


TASKS = (
    Task("enter", "applications_entry.form", "applications", (Role.OFFICER,)),
    Task("import", "imports.new", "applications", (Role.OFFICER,)),
    Task(
        "find",
        "applications.search",
        "applications",
        (Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.AUDITOR),
    ),
    Task("approve", "approvals.lists", "eligibility", (Role.APPROVER,)),
    Task("lists", "lists.index", "eligibility", (Role.OFFICER, Role.APPROVER)),
    Task("referred", "approvals.referred", "eligibility", (Role.APPROVER,)),
    Task("print", "vouchers.index", "disbursement", (Role.OFFICER, Role.APPROVER)),
    Task("programmes", "programmes.index", "eligibility", (Role.MANAGER,)),
    Task("officials", "officials.index", "applications", (Role.MANAGER,)),
    Task("budget", "budget.index", "disbursement", (Role.MANAGER, Role.PAYER, Role.AUDITOR)),
    Task("shops", "shops.index", "disbursement", (Role.MANAGER,)),
    Task("redeem", "redemptions.new", "disbursement", (Role.SHOP,)),
    Task("claims", "claims.index", "disbursement", (Role.ENTERPRISE, Role.PAYER)),
    Task("replay", "audit.replay", "audit", (Role.AUDITOR,)),
    Task("checks", "audit.checks", "audit", (Role.AUDITOR,)),
    Task(
        "funnel",
        "funnel.index",
        "eligibility",
        (Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.PAYER, Role.AUDITOR),
    ),
)


def tasks_for(actor: Actor, without: str | None = None) -> list[Task]:
    """What `actor` can do here, in the table's order; `without` leaves out what needs that service."""
    return [
        task
        for task in TASKS
        if actor.has(*task.roles) and task.endpoint in current_app.view_functions and task.service != without
    ]


def menu(tasks: Sequence[Task]) -> list[dict[str, object]]:
    """The tasks as the service navigation's items, without their texts."""
    return [
        {"name": task.name, "href": url_for(task.endpoint), "active": _here(task.endpoint)} for task in tasks
    ]


def _here(endpoint: str) -> bool:
    """Whether the request is for a page itself."""
    return request.endpoint == endpoint
