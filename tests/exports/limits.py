"""What real Excel refuses or repairs in a workbook, beside what the schema of ISO 29500 says: one checker for all.

Where each limit is published stands beside it:
[limits]  "Excel specifications and limits", support.microsoft.com
[names]   "Names in formulas", the same
[sheets]  "Rename a worksheet", the same
[rule]    "Data validation": the Excel object model's Validation.Add and ErrorTitle, learn.microsoft.com
[18.…]    ISO 29500-1, by clause; [2:9.…] ISO 29500-2 (the package), by clause
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree
from openpyxl.utils import column_index_from_string, get_column_letter, range_boundaries

ROWS, COLUMNS = 1_048_576, 16_384  # [limits]
MAX_TEXT_LENGTH = 32_767  # [limits] characters in a cell
MAX_HEADER_LENGTH = 255  # [limits] characters in a header or footer, its codes among them
MAX_NAME_LENGTH = 255  # [names]
MAX_FORMULA_LENGTH = 8_192  # [limits]
MAX_LIST_LENGTH = 255  # [rule] the formula of a rule
MAX_SHEET_NAME_LENGTH = 31  # [sheets]
WIDEST, HIGHEST = 255, 409  # [limits] a column in characters, a row in points
MAX_FONTS, MAX_STYLES, MAX_FORMATS = 1_024, 65_490, 250  # [limits]
_NAME = re.compile(r"[^\W\d][\w.]*|_[\w.]*")
_CELL = re.compile(r"[a-z]{1,3}\d{1,7}|r\d*(c\d*)?|c\d*", re.IGNORECASE)
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def shown(text: str) -> str:
    """What Excel shows of a stored text [22.9.2.19, ST_Xstring]."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def units(text: str) -> int:
    """How long Excel thinks `text` is: it counts UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def faults(body: bytes) -> list[str]:
    """A line for each thing in a workbook that Excel would refuse or offer to repair."""
    with zipfile.ZipFile(io.BytesIO(body)) as package:
        twice = list(_twice("part", package.namelist()))
        return twice + list(_Workbook({name: package.read(name) for name in package.namelist()}).faults())


class _Workbook:
    def __init__(self, parts: dict[str, bytes]) -> None:
        self.parts = parts
        parser = etree.XMLParser(huge_tree=True)
        self.xml: dict[str, Any] = {
            name: etree.fromstring(part, parser) for name, part in parts.items() if name.endswith((".xml", ".rels"))
        }
        self.book = self.xml["xl/workbook.xml"]
        self.strings = [_text(node) for node in self._all("xl/sharedStrings.xml", "si")]
        self.names = [node.get("name") for node in self.book.iter("{*}definedName")]

    def faults(self) -> Iterator[str]:
        yield from self._package()
        yield from self._sheets()
        yield from self._names()
        yield from self._styles()
        for name in self.xml:
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                for fault in self._sheet(name):
                    yield f"{name}: {fault}"

    def _all(self, part: str, tag: str) -> list[Any]:
        root = self.xml.get(part)
        return [] if root is None else list(root.iter(f"{{*}}{tag}"))

    def _relations(self, part: str) -> dict[str, str]:
        """Where the relationships of a part lead, by their ids."""
        folder, _slash, name = part.rpartition("/")
        rels = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
        return {
            node.get("Id"): posixpath.normpath(posixpath.join("/" + folder, node.get("Target"))).lstrip("/")
            for node in self._all(rels, "Relationship")
            if node.get("TargetMode") != "External"
        }

    def _package(self) -> Iterator[str]:
        """[2:10.1.2] each part has a type, [2:9.3] each relationship an id of its own and a target."""
        types = self.xml["[Content_Types].xml"]
        given = {node.get("PartName").lstrip("/") for node in types.iter("{*}Override")}
        endings = {node.get("Extension").casefold() for node in types.iter("{*}Default")}
        for name in self.parts:
            if name not in given and name.rpartition(".")[2].casefold() not in endings:
                yield f"{name} has no content type"
        yield from (f"{name} is typed but not there" for name in given - set(self.parts))
        for name in self.parts:
            if not name.endswith(".rels"):
                continue
            yield from _twice(f"{name}: id", (node.get("Id") for node in self._all(name, "Relationship")))
            owner = name.replace("_rels/", "", 1) if name.startswith("_rels/") else name.replace("/_rels/", "/", 1)
            for number, target in self._relations(owner.removesuffix(".rels")).items():
                if target not in self.parts:
                    yield f"{name}: {number} leads to {target}, which is not there"
        for name, root in self.xml.items():
            known = self._relations(name)
            yield from (
                f"{name} refers to {node.get(_ID)}" for node in root.iter() if node.get(_ID, "") not in {"", *known}
            )

    def _sheets(self) -> Iterator[str]:
        """[sheets] [18.2.19]"""
        sheets = list(self.book.iter("{*}sheet"))
        titles = [shown(node.get("name")) for node in sheets]
        for title in titles:
            if not title.strip() or units(title) > MAX_SHEET_NAME_LENGTH or re.search(r"[:\\/?*\[\]]", title):
                yield f"a sheet cannot be called “{title}”"
            if title.startswith("'") or title.endswith("'") or title.casefold() == "history":
                yield f"a sheet cannot be called “{title}”"
        yield from _twice("sheet", (title.casefold() for title in titles))
        yield from _twice("sheet id", (node.get("sheetId") for node in sheets))
        if not any(node.get("state", "visible") == "visible" for node in sheets):
            yield "no sheet can be seen"

    def _names(self) -> Iterator[str]:
        """[names] [18.2.5] [18.5.1.2]: tables and defined names are one space, capitals or not."""
        sheets = {shown(node.get("name")) for node in self.book.iter("{*}sheet")}
        tables = [root.get("displayName") for name, root in self.xml.items() if name.startswith("xl/tables/")]
        own = [name for name in self.names if not name.startswith("_xlnm.")]
        yield from _twice("name", (name.casefold() for name in own + tables))
        for name in own + tables:
            if not _NAME.fullmatch(name) or _CELL.fullmatch(name) or units(name) > MAX_NAME_LENGTH:
                yield f"“{name}” is no name"
        for node in self.book.iter("{*}definedName"):
            formula = node.text or ""
            for place in re.findall(r"(?:'((?:[^']|'')+)'|([\w.]+))!", formula):
                title = (place[0] or place[1]).replace("''", "'")
                if title not in sheets:
                    yield f"“{node.get('name')}” refers to a sheet “{title}”"
            if "#REF!" in formula or not formula or len(formula) > MAX_FORMULA_LENGTH:
                yield f"“{node.get('name')}” refers to “{formula[:60]}”"
            if int(node.get("localSheetId", 0)) >= len(sheets):
                yield f"“{node.get('name')}” is of a sheet that is not there"

    def _styles(self) -> Iterator[str]:
        """[limits]"""
        for tag, most in (("font", MAX_FONTS), ("xf", MAX_STYLES), ("numFmt", MAX_FORMATS)):
            if len(self._all("xl/styles.xml", tag)) > most:
                yield f"more than {most} of {tag}"

    def _sheet(self, part: str) -> Iterator[str]:
        root, cells = self.xml[part], {}
        looks = len(self.xml["xl/styles.xml"].find("{*}cellXfs"))
        last = 0
        for row in root.iter("{*}row"):
            number, column = int(row.get("r")), 0
            if not last < number <= ROWS or float(row.get("ht", 0)) > HIGHEST:
                yield f"row {number} after {last}, {row.get('ht')} points high"
            last = number
            for cell in row:
                letters = cell.get("r").rstrip("0123456789")
                place = column_index_from_string(letters)
                if cell.get("r") != f"{letters}{number}" or not column < place <= COLUMNS:
                    yield f"cell {cell.get('r')} stands in row {number} after column {column}"
                column = place
                cells[cell.get("r")] = self._text_of(cell)
                yield from self._cell(cell, cells[cell.get("r")], looks)
        for column in root.iter("{*}col"):
            if float(column.get("width", 0)) > WIDEST or int(column.get("max")) > COLUMNS:
                yield f"column {column.get('min')} is {column.get('width')} wide"
        for tag in ("oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter"):
            for node in root.iter(f"{{*}}{tag}"):  # [limits] [18.3.1.46]
                if units(shown(node.text or "")) > MAX_HEADER_LENGTH:
                    yield f"{tag} has {units(shown(node.text))} characters"
        yield from self._rules(root)
        yield from self._tables(part, cells)
        yield from self._comments(part)
        yield from self._drawings(part)

    def _text_of(self, cell: Any) -> str:
        value = cell.findtext("{*}v") or ""
        if cell.get("t") == "s":
            return self.strings[int(value)]
        return _text(cell.find("{*}is")) if cell.get("t") == "inlineStr" else value

    def _cell(self, cell: Any, text: str, looks: int) -> Iterator[str]:
        if units(text) > MAX_TEXT_LENGTH:
            yield f"{cell.get('r')} holds {units(text)} characters"
        if int(cell.get("s", 0)) >= looks:
            yield f"{cell.get('r')} has a look that is not there"
        if cell.get("t", "n") == "n" and text and not re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text):
            yield f"{cell.get('r')} holds “{text[:20]}” as a number"
        if len(cell.findtext("{*}f") or "") > MAX_FORMULA_LENGTH:
            yield f"{cell.get('r')} holds too long a formula"

    def _rules(self, root: Any) -> Iterator[str]:
        """[rule] [18.3.1.32] [18.3.1.10]"""
        formats = len(self._all("xl/styles.xml", "dxf"))
        known = {name.casefold() for name in self.names}
        for rule in root.iter("{*}dataValidation"):
            formula = rule.findtext("{*}formula1") or ""
            if units(formula) > MAX_LIST_LENGTH:
                yield f"a rule of {units(formula)} characters"
            if rule.get("type") == "list" and not re.search(r"[\"!$]", formula) and formula.casefold() not in known:
                yield f"a list “{formula}” that is not there"
            for name, most in (("errorTitle", 32), ("error", 255), ("promptTitle", 32), ("prompt", 255)):
                if units(rule.get(name, "")) > most:
                    yield f"a rule whose {name} has more than {most} characters"
            yield from _outside(rule.get("sqref"))
        for node in root.iter("{*}conditionalFormatting"):
            yield from _outside(node.get("sqref"))
        for rule in root.iter("{*}cfRule"):
            if int(rule.get("priority", 0)) < 1 or int(rule.get("dxfId", 0)) >= max(formats, 1):
                yield "a format by rule without priority or without look"

    def _tables(self, part: str, cells: dict[str, str]) -> Iterator[str]:
        """[18.5.1.2]: a table is where it says, has its header's words, each once, and at least one row."""
        met: list[tuple[int, int, int, int]] = []
        for target in self._relations(part).values():
            if not target.startswith("xl/tables/"):
                continue
            table = self.xml[target]
            left, top, right, bottom = range_boundaries(table.get("ref"))
            titles = [shown(node.get("name")) for node in table.iter("{*}tableColumn")]
            header = [cells.get(f"{get_column_letter(place)}{top}", "") for place in range(left, right + 1)]
            if titles != header:
                yield f"{target} says {titles}, its cells {header}"
            yield from _twice(f"{target}: column", (title.casefold() for title in titles))
            yield from _twice(f"{target}: id", (node.get("id") for node in table.iter("{*}tableColumn")))
            if any(not title or units(title) > MAX_NAME_LENGTH for title in titles):
                yield f"{target} has a column without or with too long a title"
            if bottom - top < 1 + int(table.get("totalsRowCount", 0)):
                yield f"{target} has no row"
            filtered = table.find("{*}autoFilter")
            if filtered is not None and filtered.get("ref") != table.get("ref"):
                yield f"{target} filters {filtered.get('ref')}"
            if any(left <= r and l <= right and top <= b and t <= bottom for l, t, r, b in met):  # noqa: E741
                yield f"{target} overlaps another table"
            met.append((left, top, right, bottom))
        tables = [root for name, root in self.xml.items() if name.startswith("xl/tables/")]
        yield from _twice("table id", (table.get("id") for table in tables))

    def _comments(self, part: str) -> Iterator[str]:
        """[18.7.3] one on a cell, with a shape of its own; as long as a cell's text at most."""
        targets = list(self._relations(part).values())
        for target in targets:
            if not re.search(r"comments?[^/]*\.xml$", target):
                continue
            comments = self._all(target, "comment")
            yield from _twice(f"{target}: comment on", (node.get("ref") for node in comments))
            if any(units(_text(node)) > MAX_TEXT_LENGTH for node in comments):
                yield f"{target} has too long a comment"
            if self.xml[part].find("{*}legacyDrawing") is None:
                yield f"{target} has no drawing for its comments"

    def _drawings(self, part: str) -> Iterator[str]:
        """[20.1.2.2.8] what is drawn has an id of its own, and words for those who do not see it."""
        for target in self._relations(part).values():
            if not target.startswith("xl/drawings/drawing"):
                continue
            described = self._all(target, "cNvPr")
            yield from _twice(f"{target}: id", (node.get("id") for node in described))
            yield from (f"{target}: “{node.get('name')}” says nothing" for node in described if not node.get("descr"))


def _text(node: Any) -> str:
    return shown("".join(one.text or "" for one in node.iter("{*}t"))) if node is not None else ""


def _outside(ranges: str) -> Iterator[str]:
    for one in ranges.split():
        left, top, right, bottom = range_boundaries(one)
        if not (1 <= left <= right <= COLUMNS and 1 <= top <= bottom <= ROWS):
            yield f"a rule over {one}"


def _twice(what: str, values: Iterable[Any]) -> Iterator[str]:
    return (f"{what} “{value}” twice" for value, number in Counter(values).items() if number > 1)
