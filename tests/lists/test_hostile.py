"""Files meant to do harm, or damaged: a clear refusal or inert text, never an exception or a lost process."""

import io
import struct
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.applications.lists import Limits, ListProblem, ListTable, parse_row, read_list
from services.applications.lists.formats import workbooks
from services.applications.lists.formats.ole import CompoundFile
from tests.lists import books, xls
from tests.lists.books import content, csv_in, ods, xlsx, zipped_ods
from tests.lists.households import CONTEXT, KNOWN, columns, drafts, line, page, read, refusal, titles
from tests.lists.pages import Page

PAGE = page()
GOOD = {kind: write(PAGE) for kind, (_, write) in books.FORMATS.items()}
NAMES = [*(file for file, _ in books.FORMATS.values()), "list.txt", "list", "list.xlsm"]


def member(data: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """The same zip with a change in one member."""
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for one in source.infolist():
            body = source.read(one)
            if one.filename == name:
                assert old in body
                body = body.replace(old, new, 1)
            target.writestr(one.filename, body)
    return changed.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return file.getvalue()


SHEET, TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
TABLE = '<table:table table:name="a"><table:table-row>{}</table:table-row></table:table>'
CELL = '<table:table-cell office:value-type="string"{}><text:p>{}</text:p></table:table-cell>'
ENCRYPTED = xls.compound({"EncryptedPackage": b"x" * 5_000, "EncryptionInfo": b"y" * 5_000})
FAR = member(GOOD["xlsx"], SHEET, b'r="B2"', b'r="XFD1048576"')


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        pytest.param(ENCRYPTED, "list.xlsx", "LIST_PASSWORD", id="xlsx with a password"),
        pytest.param(ENCRYPTED, "list.xls", "LIST_PASSWORD", id="the same under another name"),
        pytest.param(xls.xls(PAGE, extra=[(0x2F, struct.pack("<H", 1) + bytes(52))]), "list.xls",
        "LIST_PASSWORD",
                     id="xls with a password"),
        pytest.param(zipped_ods(content(""), "<manifest><encryption-data/></manifest>"), "list.ods",
        "LIST_PASSWORD",
                     id="ods with a password"),
        pytest.param(b"<html><body><table><tr><td>STT</td></tr></table></body></html>", "list.xls",
        "LIST_WEB_PAGE",
                     id="a web page that calls itself xls"),
        pytest.param(b'\xef\xbb\xbf\r\n<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>',
        "list.xls",
                     "LIST_WEB_PAGE", id="Excel 2003 XML"),
        pytest.param(b"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\n", "list.xls", "LIST_WEB_PAGE",
        id="mht"),
        pytest.param("<html>".encode("utf-16"), "list.xls", "LIST_WEB_PAGE", id="a web page in UTF-16"),
        pytest.param(b"%PDF-1.7", "list.xlsx", "LIST_FORMAT_UNSUPPORTED", id="a pdf that calls itself xlsx"),
        pytest.param(zipped({"word/document.xml": b"<w/>"}), "list.xlsx", "LIST_FORMAT_UNSUPPORTED",
        id="docx"),
        pytest.param(zipped({"xl/workbook.bin": b"x"}), "list.xlsb", "LIST_FORMAT_UNSUPPORTED", id="xlsb"),
        pytest.param(zipped({"list.xlsx": GOOD["xlsx"]}), "list.zip", "LIST_FORMAT_UNSUPPORTED",
        id="a zipped xlsx"),
        pytest.param(xls.compound({"WordDocument": b"x" * 5_000}), "list.xls", "LIST_FORMAT_UNSUPPORTED",
        id="doc"),
        pytest.param(xls.compound({"Contents": b"x" * 5_000}), "list.xls", "LIST_UNREADABLE",
        id="an unknown ole"),
        pytest.param(b"\x09\x00\x04\x00\x02\x00\x10\x00", "list.xls", "LIST_FORMAT_UNSUPPORTED",
        id="Excel 2"),
        pytest.param(GOOD["xls"][:2_000], "list.xls", "LIST_UNREADABLE", id="half an xls"),
        pytest.param(GOOD["xlsx"][:3_000], "list.xlsx", "LIST_UNREADABLE", id="half an xlsx"),
        pytest.param(GOOD["ods"][:1_500], "list.ods", "LIST_UNREADABLE", id="half an ods"),
        pytest.param(bytes(range(256)) * 40, "list.csv", "LIST_UNREADABLE", id="any bytes as csv"),
        pytest.param(FAR, "list.xlsx", "LIST_TOO_MANY_ROWS", id="a value in the last cell of a sheet"),
        pytest.param(zipped({"xl/workbook.xml": b"<w/>", SHEET: b"<sheetData>" + b"\0" * 300_000_000}),
        "list.xlsx",
                     "LIST_SUSPICIOUS", id="a zip bomb"),
        pytest.param(member(GOOD["xlsx"], SHEET, b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet'),
                     "list.xlsx", "LIST_SUSPICIOUS", id="entities in xlsx"),
        pytest.param(zipped_ods('<!DOCTYPE x [<!ENTITY a "b">]>' + content("")[38:]), "list.ods",
        "LIST_SUSPICIOUS",
                     id="entities in ods"),
        pytest.param(member(GOOD["xlsx"], SHEET, b"<worksheet", "<?xml?>".encode("utf-16") + b"<worksheet"),
                     "list.xlsx", "LIST_SUSPICIOUS", id="a sheet in UTF-16 that hides from the guard"),
        pytest.param(zipped_ods(content(TABLE.format(CELL.format(' table:number-columns-repeated="16384"',
        "x")))),
                     "list.ods", "LIST_TOO_MANY_ROWS", id="a cell repeated 16,384 times"),
        pytest.param(zipped_ods(content(TABLE.replace("-row>", '-row table:number-rows-repeated="1048576">',
        1)
                                        .format(CELL.format("", "x")))),
                     "list.ods", "LIST_TOO_MANY_ROWS", id="a row repeated a million times"),
        pytest.param(zipped_ods(content(TABLE.format(CELL.format("", '<text:s text:c="4294967"/>')))),
                     "list.ods", "LIST_CELL_TOO_LONG", id="four million blanks in one sign"),
        pytest.param(zipped_ods(content(TABLE.format(CELL.format(' table:number-columns-repeated="-1"',
        "x")))),
                     "list.ods", "LIST_UNREADABLE", id="a cell repeated less than never"),
        pytest.param(csv_in("utf-8")(Page([titles(columns()), *[["x"]] * 70_000])), "list.csv",
        "LIST_TOO_MANY_ROWS",
                     id="70,000 lines"),
        pytest.param(csv_in("utf-8")(Page([*PAGE.rows, ["x" * 140_000]])), "list.csv", "LIST_CELL_TOO_LONG",
                     id="a cell of 140,000 letters in text"),
    ],
)  # fmt: skip
def test_is_refused_in_words(data: bytes, name: str, code: str) -> None:
    assert refusal(data, name).code == code


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods", "csv"])
def test_a_cell_of_32_000_letters_is_refused(kind: str) -> None:
    file, write = books.FORMATS[kind]
    assert refusal(write(Page([*PAGE.rows, ["Đ" * 32_000]])), file).code == "LIST_CELL_TOO_LONG"


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods"])
def test_a_cell_beyond_the_last_allowed_column_or_row_is_refused(kind: str) -> None:
    file, write = books.FORMATS[kind]
    far = write(Page([*PAGE.rows, [*[None] * 255, "x"]]))
    assert refusal(far, file).code == "LIST_TOO_MANY_ROWS"
    assert refusal(write(PAGE), file, limits=Limits(max_rows=5)).code == "LIST_TOO_MANY_ROWS"
    assert refusal(write(PAGE), file, limits=Limits(max_bytes=50)).code == "LIST_TOO_LARGE"


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods"])
def test_rows_of_all_sheets_count_together(kind: str) -> None:
    write = {"xlsx": xlsx, "xls": xls.xls, "ods": ods}[kind]
    two = write(PAGE, Page(PAGE.rows, name="hai"))
    assert isinstance(read_list(two, f"a.{kind}", Limits(max_rows=14)), ListTable)
    assert refusal(two, f"a.{kind}", limits=Limits(max_rows=13)).code == "LIST_TOO_MANY_ROWS"


@pytest.mark.parametrize("promise", [b'uniqueCount="999999999999"', b'uniqueCount="4000000000"'])
def test_the_number_of_texts_a_workbook_promises_is_not_believed(promise: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(GOOD["xlsx"])) as archive:
        before = archive.read(TEXTS)
    old = before[before.index(b"uniqueCount=") :].split(b">")[0]
    assert refusal(member(GOOD["xlsx"], TEXTS, old, promise)).code == "LIST_SUSPICIOUS"


def test_a_declared_size_of_a_sheet_costs_nothing() -> None:
    dimension = (0x0200, struct.pack("<IIHHH", 0, 0xFFFF_FFFF, 0, 256, 0))
    assert len(read(xls.xls(PAGE, extra=[dimension]), "list.xls").rows) == len(KNOWN)


def test_formulas_count_with_what_they_show() -> None:
    rows = [list(row) for row in PAGE.rows]
    for row in rows[1:]:
        row[1] = xls.Formula(row[1])
    assert drafts(read(xls.xls(Page(rows)), "list.xls")) == list(KNOWN)


@pytest.mark.parametrize(
    "text", ["=cmd|' /C calc'!A0", "+HYPERLINK(1)", "-2+3", "@SUM(1)", "<script>x</script>", "{{7*7}}"]
)
def test_text_that_looks_like_a_formula_or_markup_stays_text(text: str) -> None:
    chosen = columns(notes=("Ghi chú", lambda _: text))
    for kind in ("xls", "ods", "csv"):
        file, write = books.FORMATS[kind]
        assert {one.notes for one in drafts(read(write(page(chosen)), file))} == {text}


def test_links_to_other_files_are_not_followed() -> None:
    linked = zipfile.ZipFile(io.BytesIO(GOOD["xlsx"]))
    members = {one: linked.read(one) for one in linked.namelist()}
    members["xl/externalLinks/externalLink1.xml"] = (
        b'<externalLink><externalBook r:id="rId1"/></externalLink>'
    )
    assert len(read(zipped(members)).rows) == len(KNOWN)


def test_long_rules_behind_the_cells_are_no_long_cell() -> None:
    rules = b"".join(
        b"<dataValidation><formula1>" + b"x" * 250 + b"</formula1></dataValidation>" for _ in range(50)
    )
    data = member(
        GOOD["xlsx"], SHEET, b"</sheetData>", b"</sheetData><dataValidations>" + rules + b"</dataValidations>"
    )
    assert len(read(data).rows) == len(KNOWN)


def test_one_long_note_in_a_long_list_is_no_bomb() -> None:
    note = "Hộ ở xa " * 200
    rows = [titles(columns()), *(line(at, KNOWN[at % 6], columns()) for at in range(3_000))]
    rows[5][-1] = note
    assert len(read(xlsx(Page(rows)), limits=Limits(max_text=1_000_000)).rows) == 3_000


def test_a_compound_file_whose_chain_runs_in_a_circle_is_damaged() -> None:
    data = bytearray(GOOD["xls"])
    data[512:1_024] = struct.pack("<128I", *[5] * 128)
    assert refusal(bytes(data), "list.xls").code == "LIST_UNREADABLE"


def test_streams_are_found_by_name_in_any_case() -> None:
    assert CompoundFile(xls.compound({"A": b"x" * 5_000, "B": b"y" * 6_000})).stream("b") == b"y" * 6_000
    assert CompoundFile(xls.compound({"A": b"x" * 5_000})).stream("C") is None


def test_a_large_compound_file_lists_its_chains_in_further_sectors() -> None:
    body = b"0123456789abcdef" * 600_000
    assert CompoundFile(xls.compound({"Workbook": body})).stream("Workbook") == body


def test_a_panic_of_the_fast_parser_is_a_damaged_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its exception is no Exception and belongs to no module that could be imported."""
    panic = type("PanicException", (BaseException,), {})
    monkeypatch.setattr(workbooks, "_worksheet", lambda *_: (_ for _ in ()).throw(panic()))
    assert refusal(GOOD["xlsx"]).code == "LIST_UNREADABLE"
    monkeypatch.setattr(workbooks, "_worksheet", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        read_list(GOOD["xlsx"], "list.xlsx")


BYTES = st.binary(max_size=300)
MARKS = [
    b"",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"\xff\xfe",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"sep=",
    b"<",
]


@settings(deadline=None, max_examples=300)
@given(mark=st.sampled_from(MARKS), data=BYTES, name=st.sampled_from(NAMES))
def test_no_bytes_raise(mark: bytes, data: bytes, name: str) -> None:
    assert isinstance(read_list(mark + data, name), ListProblem | ListTable)


@pytest.mark.parametrize("kind", sorted(GOOD))
@settings(deadline=None, max_examples=400)
@given(data=st.data())
def test_no_damage_to_a_real_list_raises(kind: str, data: st.DataObject) -> None:
    damaged = bytearray(GOOD[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1) | st.integers(0, min(600, len(damaged) - 1)))
        damaged[at] = data.draw(st.sampled_from([0, 255, 1, 127, 128]) | st.integers(0, 255))
    assert isinstance(read_list(bytes(damaged), f"list.{kind}"), ListProblem | ListTable)


@pytest.mark.parametrize(("kind", "name"), [("xlsx", SHEET), ("xlsx", TEXTS), ("xlsx", "xl/workbook.xml"),
                                            ("xlsx", "xl/styles.xml"), ("ods", "content.xml")])  # fmt: skip
@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_no_damage_inside_a_zip_raises(kind: str, name: str, data: st.DataObject) -> None:
    with zipfile.ZipFile(io.BytesIO(GOOD[kind])) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    body = bytearray(members[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at] = data.draw(st.sampled_from(b'<>"=/ 09azZ&') | st.integers(0, 255))
    members[name] = bytes(body)
    assert isinstance(read_list(zipped(members), f"list.{kind}"), ListProblem | ListTable)


@pytest.mark.parametrize(
    "text",
    ["-" * 1_990, "( " * 990, "a" + " -" * 990, "1" * 1_990, "Thôn" + " :" * 900, "danh sách thôn " * 130,
    "1((" * 660,
     "tổng cộng " * 190, "0 " * 990, "x/" * 990],
)  # fmt: skip
def test_long_odd_texts_cost_no_more_than_their_length(text: str) -> None:
    """Five hundred rows of them, in every column, in well under the time that squares would take."""
    chosen = columns()
    rows = [["x", *[text] * len(chosen)] for _ in range(100)] + [[text]] * 100 + [[None, text]] * 100
    start = time.process_time()
    table = read_list(csv_in("utf-8")(Page([titles(chosen), line(1, KNOWN[0], chosen), *rows])), "list.csv")
    assert isinstance(table, ListTable)
    for row in table.rows:
        parse_row(row, CONTEXT)
    assert time.process_time() - start < 5
