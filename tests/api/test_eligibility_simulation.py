"""`songban eligibility simulate` on a real database: right, the same on all cores, and without a trace."""

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy
from click.testing import CliRunner
from sqlalchemy.exc import InternalError

from services.eligibility.rulebook import RulesTampered
from services.eligibility.rules import load_document
from services.eligibility.simulating import Job, Report, running, simulate
from songban.cli import cli
from tests.support.eligibility import (
    PROGRAMME,
    about,
    application,
    eligibility_bench,
    heard,
    submit,
    take_in,
)
from tests.support.service import Bench

ROOT = Path(__file__).resolve().parents[2]


def without_smartphones() -> dict[str, Any]:
    """The programme without its condition on smartphones, and 600,000 đồng."""
    document = load_document(ROOT / "programmes" / f"{PROGRAMME}.yaml")
    refusals, decision = (node["content"] for node in document["rules"]["nodes"][1:3])
    refusals["rules"] = [row for row in refusals["rules"] if row["_id"] != "R5"]
    for row in decision["rules"]:
        row["smartphone"] = ""
    return {**document, "version": 2, "benefit": {"amount": 600_000, "once_per": "household"}}


@pytest.fixture(scope="module")
def desk() -> Bench:
    """Ten cases: 4 eligible, 3 with a smartphone (one of them elsewhere), 2 Kinh, 1 appealed; 1 withdrawn."""
    made = eligibility_bench()
    plain = [application() for _ in range(4)]
    phones = [application(has_smartphone=True) for _ in range(2)]
    elsewhere = application(has_smartphone=True, commune="00700", ethnicity="02")
    kinh = [application(ethnicity="01", ethnic_minority=False) for _ in range(2)]
    appealed = application(certificate_year=2025)
    gone = application()
    submit(made, *plain, *phones, elsewhere, *kinh, appealed, gone)
    take_in(
        made,
        [
            *heard("application.appealed.v1", about(appealed, sealed="x")),
            *heard("application.withdrawn.v1", about(gone, reason="HOUSEHOLD_ASKED")),
        ],
    )
    return made


def job(made: Bench, document: dict[str, Any], **changes: Any) -> Job:
    values = {
        "url": made.settings.database_url,
        "wrapping_key": made.settings.wrapping_key,
        "programme_id": PROGRAMME,
        "document": document,
    }
    return Job(**{**values, **changes})


def tried(made: Bench, document: dict[str, Any], **changes: Any) -> Report:
    return simulate(job(made, document, **changes), 1)


def everything(made: Bench) -> dict[str, Any]:
    """Every table's rows, down to the transactions that wrote them."""
    names = made.sql(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    return {
        name: made.sql(f'SELECT ctid::text, xmin::text, xmax::text FROM "{name}" ORDER BY ctid')
        for (name,) in names
    }


def test_a_draft_shows_how_many_change_which_way_and_what_it_costs(desk: Bench) -> None:
    found = tried(desk, without_smartphones())
    assert found.flows == {
        ("eligible", "eligible"): 4,
        ("ineligible", "eligible"): 3,
        ("ineligible", "ineligible"): 3,
    }
    assert [(line.code, line.gained, line.changed) for line in found.communes] == [
        ("00700", 1, 1),
        ("01075", 2, 2),
    ]
    assert [(line.code, line.cases, line.gained) for line in found.groups] == [("other", 10, 3)]
    assert {line.code: (line.before, line.after) for line in found.reasons} == {
        "MEETS_ALL_CONDITIONS": (4, 7),
        "OWNS_SMARTPHONE": (3, 0),
        "MAJORITY_ETHNICITY": (2, 2),
        "CERTIFICATE_OF_ANOTHER_YEAR": (1, 1),
    }
    assert (found.money.needed_before, found.money.needed_after) == (4 * 500_000, 7 * 600_000)
    assert (found.cases, found.unread, found.money.quota) == (10, 0, None)


def test_the_rules_that_decided_change_nothing_although_a_person_looks_at_an_appeal(desk: Bench) -> None:
    (referred,) = desk.sql("SELECT count(*) AS number FROM case_file WHERE status = 'referred'")
    assert referred.number == 1
    found = tried(desk, load_document(ROOT / "programmes" / f"{PROGRAMME}.yaml"))
    assert (found.changed, found.other_reasons, found.cases) == (0, 0, 10)


def test_a_draft_may_look_at_facts_that_the_rules_did_not(desk: Bench) -> None:
    found = tried(desk, load_document(ROOT / "programmes" / "dong-nai.yaml"))
    assert found.draft_id == "dong-nai"
    assert {after for _, after in found.flows} == {"ineligible"}  # nobody lives in the draft's area
    assert ("OUTSIDE_PROGRAMME_AREA", 10) in {(line.code, line.after) for line in found.reasons}
    sentence = next(line for line in found.reasons if line.code == "OUTSIDE_PROGRAMME_AREA")
    assert sentence.en != sentence.code


def test_several_processes_read_every_case_once(desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    submit(desk, *[application(has_smartphone=number % 2 == 0) for number in range(60)])
    monkeypatch.setattr(running, "PAGES", 1)
    monkeypatch.setattr(running, "RANGES_PER_TASK", 2)
    together = simulate(job(desk, without_smartphones()), 2)
    assert together == tried(desk, without_smartphones())
    assert together.cases == 70
    desk.sql(
        "UPDATE case_file SET withdrawn = true WHERE application_id IN (SELECT application_id FROM case_file"
        " WHERE NOT withdrawn ORDER BY submitted_at DESC, application_id LIMIT 60)"
    )


def test_nothing_is_written(desk: Bench) -> None:
    before = everything(desk)
    assert {"case_file", "event_log", "outbox", "household_key"} <= before.keys()
    tried(desk, without_smartphones())
    simulate(job(desk, without_smartphones()), 2)
    assert everything(desk) == before


def test_what_reads_could_not_write_if_it_tried(desk: Bench) -> None:
    with (
        running._reading(job(desk, {})) as connection,
        pytest.raises(InternalError, match="read-only transaction"),
    ):
        connection.execute(sqlalchemy.text("UPDATE case_file SET withdrawn = true"))


def test_a_role_that_may_only_read_is_enough(desk: Bench) -> None:
    role = f"reader_{desk.database.url.database}"
    desk.sql(f"CREATE ROLE \"{role}\" LOGIN PASSWORD 'only-reads'")
    desk.sql(f'GRANT SELECT ON case_file, household_key, programme, event_log TO "{role}"')
    url = desk.database.url.set(drivername="postgresql", username=role, password="only-reads")
    found = tried(desk, without_smartphones(), url=url.render_as_string(hide_password=False))
    assert found == tried(desk, without_smartphones())


def test_cases_whose_facts_do_not_open_are_counted_and_left_out() -> None:
    made = eligibility_bench()
    kept, erased, moved = (application() for _ in range(3))
    submit(made, kept, erased, moved)
    made.sql("DELETE FROM household_key WHERE household_id = :id", id=erased["household_id"])
    made.sql(
        "UPDATE case_file SET sealed = (SELECT sealed FROM case_file WHERE application_id = :kept)"
        " WHERE application_id = :moved",
        kept=kept["application_id"],
        moved=moved["application_id"],
    )
    found = tried(made, without_smartphones())
    assert (found.cases, found.unread) == (1, 2)


def test_recorded_rules_that_were_changed_are_not_believed() -> None:
    made = eligibility_bench()
    submit(made, application())
    made.sql("ALTER TABLE programme DISABLE TRIGGER programme_terms_are_fixed")
    made.sql("UPDATE programme SET digest = repeat('0', 64)")
    made.sql("UPDATE case_file SET digest = repeat('0', 64)")
    with pytest.raises(RulesTampered, match=f"version 1 of {PROGRAMME}"):
        tried(made, without_smartphones())


class TestCommand:
    @pytest.fixture(autouse=True)
    def settings(self, desk: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("shared.settings.load", lambda _service: desk.settings)

    def call(self, *arguments: str) -> Any:
        return CliRunner().invoke(cli, ["eligibility", "simulate", "--processes", "1", *arguments])

    def test_prints_tables_and_writes_a_workbook_and_charts(self, tmp_path: Path) -> None:
        draft = ROOT / "programmes" / "national.yaml"
        arguments = ("--programme", str(draft), "--against", PROGRAMME, "--language", "en")
        found = self.call(*arguments, "--xlsx", str(tmp_path / "x.xlsx"), "--charts", str(tmp_path / "x.svg"))
        assert found.exit_code == 0, found.output
        assert "Draft national v1 on the cases of tuyen-quang-2026\n2 of 10 cases change\n" in found.output
        assert len(openpyxl.load_workbook(tmp_path / "x.xlsx").sheetnames) == 5
        assert (tmp_path / "x.svg").read_text(encoding="utf-8").startswith("<svg")

    def test_prints_json(self) -> None:
        found = self.call("--programme", str(ROOT / "programmes" / f"{PROGRAMME}.yaml"), "--json")
        assert json.loads(found.output)["changed"] == 0

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (("--charts", "x.png"), "ends in .svg or .html"),
            (("--against", "nothing"), "nothing has no recorded cases"),
        ],
    )
    def test_says_what_to_do(self, arguments: tuple[str, ...], says: str) -> None:
        found = self.call("--programme", str(ROOT / "programmes" / "national.yaml"), *arguments)
        assert found.exit_code != 0
        assert says in found.output
