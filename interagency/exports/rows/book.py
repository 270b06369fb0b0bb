"""A workbook whose skeleton openpyxl writes (styles, tables, formats, rules), and whose rows go in as ready XML.

The same contents give the same bytes: no clock is read, and the package's entries carry the time of making.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree
from openpyxl import Workbook
from openpyxl.worksheet.filters import AutoFilter
from openpyxl.worksheet.table import Table
from openpyxl.writer.excel import ExcelWriter

from interagency.exports.rows.cells import Band, Cell, RowWriter, blocks, escaped
from interagency.exports.rows.names import Names

_END = b"</sheetData>"


@dataclass(slots=True)
class TableRows:
    """The rows of one sheet below its header, written when the sheet is; its table, if any, is told its last row.

    Of a sheet with `last_printed` only the columns up to that are for paper. `then` is done after the last row, before
    the sheets that follow are closed.
    """

    sheet: Any
    table: Table | None
    last_column: str
    writer: RowWriter
    rows: Iterable[Sequence[Cell] | Band]
    tags: Sequence[Cell] = ()
    last_printed: str = ""
    then: Callable[[], None] = lambda: None

    def xml(self) -> Iterator[str]:
        """Row by row; an empty one where there is none, because a table needs one."""
        number = 1
        if self.tags:
            number += 1
            yield self.writer.row(number, self.tags, height=False)
        for values in self.rows:
            for row in self.writer.band(number + 1, values) if isinstance(values, Band) else ():
                number += 1
                yield row
            if not isinstance(values, Band):
                number += 1
                yield self.writer.row(number, values)
        if number == 1:
            number += 1
            yield f'<row r="{number}"></row>'
        if self.table is not None:
            self.table.ref = f"A1:{self.last_column}{number}"
            self.table.autoFilter = AutoFilter(ref=self.table.ref)
        if self.last_printed:
            self.sheet.print_area = f"A1:{self.last_printed}{number}"
        self.then()


class Book:
    """openpyxl's workbook (`skeleton`, write-only), the rows that wait for their sheets by title, and the names in use.

    `alternatives` are the texts that stand for its charts, in the order they are added.
    """

    def __init__(self, title: str, creator: str, made_at: datetime) -> None:
        self.skeleton = Workbook(write_only=True)
        self.made_at = made_at
        self.rows: dict[str, TableRows] = {}
        self.names = Names()
        self.alternatives: list[str] = []
        properties = self.skeleton.properties
        properties.title, properties.creator, properties.language = escaped(title), escaped(creator), "en"
        properties.created = properties.modified = made_at.astimezone(UTC).replace(tzinfo=None)

    def save(self, target: BinaryIO) -> None:
        """Write the package to `target`, an open binary file: once, sheet by sheet, with little held in memory."""
        waiting = {
            f"xl/worksheets/sheet{place}.xml": self.rows[sheet.title]
            for place, sheet in enumerate(self.skeleton.worksheets, start=1)
            if sheet.title in self.rows
        }
        with _Package(target, self.made_at, waiting, self.alternatives) as package:
            ExcelWriter(self.skeleton, package).save()


class _Package(zipfile.ZipFile):
    """A package whose entries all carry one time, and whose sheets and charts are completed on the way in."""

    def __init__(
        self, target: BinaryIO, made_at: datetime, rows: dict[str, TableRows], alternatives: list[str]
    ) -> None:
        super().__init__(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
        self._time, self._rows, self._alternatives = made_at.timetuple()[:6], rows, iter(alternatives)

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name, self._time)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        return info

    def writestr(self, zinfo_or_arcname: Any, data: Any, *_args: Any, **_more: Any) -> None:
        name = zinfo_or_arcname
        name = name if isinstance(name, str) else name.filename
        if name.startswith("xl/drawings/drawing"):
            data = self._described(data)
        super().writestr(self._info(name), data)

    def _described(self, drawing: Any) -> bytes:
        """A drawing whose charts say in words what they show, which openpyxl has no way to write."""
        root = etree.fromstring(drawing)
        for frame in root.iter("{*}graphicFrame"):
            next(frame.iter("{*}cNvPr")).set("descr", next(self._alternatives))
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)

    def write(self, filename: Any, arcname: Any = None, *_args: Any, **_more: Any) -> None:
        """Put the file `filename` in as `arcname`; a sheet whose rows are kept apart gets them in their place."""
        sheet = Path(filename).read_bytes()
        rows = self._rows.get(str(arcname))
        if rows is None:
            self.writestr(str(arcname), sheet)
            return
        head, end, tail = sheet.partition(_END)
        assert end, "openpyxl wrote the header row"
        with self.open(self._info(str(arcname)), "w", force_zip64=True) as entry:
            entry.write(head)
            write_beside(entry.write, blocks(rows.xml()))
            entry.write(end + tail)


def write_beside(write: Callable[[bytes], object], parts: Iterable[bytes]) -> None:
    """Write each part while the next is made: compressing needs no Python, so a second core can do it."""
    with ThreadPoolExecutor(1) as beside:
        writing: Future[object] | None = None
        for part in parts:
            if writing is not None:
                writing.result()
            writing = beside.submit(write, part)
        if writing is not None:
            writing.result()
