"""What a form asks of partners that are not on its list: their names, which are proposed when the record is saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from interagency.matrix.organisations.directory import Act
from interagency.matrix.organisations.merging import propose
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.naming import DirectoryRefusal, read_name
from interagency.matrix.organisations.queries import Directory
from interagency.text.folding import clean, name_key
from interagency.text.lines import MAX_LINES, split_lines
from interagency.web.forms import NamesField

MOST = 20  # of one record at a time
HELP = _l(
    "What is proposed as new is saved with the record, and a coordinator takes it into the directory; outside nobody "
    "hears of it before."
)


class UnlistedField(NamesField):
    """Names that are on no list and are proposed as new, each a value of its own. The chooser they belong to shows
    `names`, whatever is wrong with them."""

    names: tuple[str, ...] = ()

    def process_formdata(self, valuelist: list[str]) -> None:
        text = clean("\n".join(valuelist[:MAX_LINES]))
        lines = (line.strip() for line in text.replace(";", "\n").split("\n"))
        self.names = tuple(dict.fromkeys(line for line in lines if line))
        super().process_formdata([text])

    def has(self, name: str) -> bool:
        """Whether `name` is among them, however it is written."""
        key = name_key(name)
        return any(name_key(one) == key for one in self.names)


def unlisted_field(label: Any) -> UnlistedField:
    """The names beside a chooser that are on no list."""
    return UnlistedField(label, description=HELP, split=_some_lines)


def _some_lines(text: str) -> list[str]:
    lines = split_lines(text)
    if len(lines) > MOST:
        raise ValueError(
            _(
                "These are %(number)s names; %(most)s at a time are taken. Save some, then go on with the others.",
                number=len(lines),
                most=MOST,
            )
        )
    return lines


def reader_of(session: Session, *, partners_only: bool = False) -> Callable[[str], str]:
    """How one such name is read. The directory is asked when there is a name; what it knows is taken from there.

    Raises DirectoryRefusal for a name that cannot be kept, is a retired organisation's or, with `partners_only`, a UN
    entity's.
    """
    asked: list[Directory] = []

    def read(text: str) -> str:
        name = read_name(text)
        if not asked:
            asked.append(Directory(session))
        found = asked[0].known(name)
        if found is not None and found.is_entity and partners_only:
            raise DirectoryRefusal(
                _("%(name)s is a UN entity: choose it as lead or among the other UN entities.", name=found.full)
            )
        if found is not None and found.is_refused:
            raise DirectoryRefusal(
                _("“%(name)s” was proposed before and refused: ask a coordinator, or leave it out.", name=name)
            )
        if found is not None and found.retired_on is not None:
            raise DirectoryRefusal(
                _("%(name)s was retired and is not chosen anew. Ask a coordinator, or leave it out.", name=found.full)
            )
        return name

    return read


def proposed(session: Session, names: Iterable[str], act: Act) -> list[Organisation]:
    """The organisations of these names: those the directory knows, and the others proposed. Call before the record is
    saved; the names were read by `reader_of`."""
    return list(dict.fromkeys(propose(session, act, name) for name in names))
