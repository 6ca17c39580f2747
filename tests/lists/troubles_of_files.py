"""Formats, names that lie, encodings."""

import unicodedata

from tests.lists import books, encoders
from tests.lists.books import csv_in, csv_text
from tests.lists.households import columns, page
from tests.lists.trouble import trouble
from tests.lists.xls import xls

for kind, (file, write) in books.FORMATS.items():
    trouble(f"a plain list as .{kind}", write(page()), file=file)
trouble("macros in .xlsm are nobody's business", page(), file="list.xlsm")
trouble("an .xlsx that calls itself .xls", page(), file="list.xls")
trouble("an .xlsx that calls itself .csv", page(), file="list.csv")
trouble("a text file that calls itself .xls", csv_in("utf-8")(page()), file="list.xls")
trouble(
    "an Excel 95 file in TCVN3",
    xls(page().write(encoders.tcvn3), biff5=True),
    file="list.xls",
    notes=frozenset({"LIST_TEXT_CONVERTED"}),
)
for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
    trouble(f"text in {encoding}", csv_in(encoding)(page()), file="list.csv")
for separator, called in ((",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
    trouble(f"text parted by {called}", csv_in("utf-8", separator)(page()), file="list.txt")
trouble("a line that names the separator", b"sep=;\r\n" + csv_in("utf-8")(page()), file="list.csv")
trouble("text in Windows-1258", encoders.windows_1258(csv_text(page())), file="list.csv")
trouble("text in UTF-8 with tones apart (NFD)", page().write(lambda text: unicodedata.normalize("NFD", text)))
for named, encode in (("TCVN3", encoders.tcvn3), ("VNI", encoders.vni)):
    old = frozenset({"LIST_TEXT_CONVERTED"})
    trouble(f"{named} in a workbook", page().write(encode), notes=old)
    trouble(
        f"{named} in a text file of bytes",
        csv_text(page().write(encode)).encode("cp1252"),
        file="list.csv",
        notes=old,
    )
    names_only = page(columns(head_name=("Họ và tên chủ hộ", lambda one, to=encode: to(one.head_name))))
    trouble(f"{named} in the column of names only", names_only, notes=old)
