"""What an organisation may be called, and the short name it is kept by in files and addresses."""

from __future__ import annotations

import re

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import Directory
from interagency.text.folding import clean, fold, name_key

NAME_LENGTH, ACRONYM_LENGTH = 300, 40
_NO_KEY = re.compile(r"[^a-z0-9]+")
# Signs nobody sees: marks of direction and breaks. Two names that differ in them alone would look the same.
_UNSEEN = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{2,4})?")
# Addresses of their own below `/organisations`.
_TAKEN = frozenset({"new"})


class DirectoryRefusal(ValueError):
    """Something that is not done to the directory, in words on what to do; `field` names the input it is about."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


def read_name(text: str, *, field: str = "name", most: int = NAME_LENGTH) -> str:
    """A name fit to keep: one line, without control characters and marks of direction. Raises DirectoryRefusal."""
    name = clean(_UNSEEN.sub("", clean(text, lines=False)), lines=False)
    if not name:
        raise DirectoryRefusal(_("Write the name."), field)
    if len(name) > most:
        raise DirectoryRefusal(
            _(
                "This has %(length)s signs, and %(most)s is the most. Shorten it; nothing you typed is lost.",
                length=len(name),
                most=most,
            ),
            field,
        )
    if not name_key(name):
        raise DirectoryRefusal(_("A name has at least one letter or digit."), field)
    if ";" in name:
        raise DirectoryRefusal(
            _("A name has no semicolon: in lists it stands between two names. Add them one by one."), field
        )
    return name


def read_acronym(text: str) -> str | None:
    """An acronym as a name, of 40 signs at most; None without one. Raises DirectoryRefusal."""
    return read_name(text, field="acronym", most=ACRONYM_LENGTH) if clean(text, lines=False) else None


def read_language(text: str) -> str:
    """The code of a language (`fr`, `zh-Hans`), or "". Raises DirectoryRefusal."""
    code = clean(text, lines=False)
    if code and not _LANGUAGE.fullmatch(code):
        raise DirectoryRefusal(
            _("Write the language as its code of two or three letters, such as fr, or none."), "language"
        )
    return code


def refuse_if_taken(session: Session, name: str, field: str, *, but: Organisation | None = None) -> None:
    """Raise DirectoryRefusal where another organisation than `but` is called `name`, today, formerly or besides."""
    found = Directory(session).known(name)
    if found is None or found is but:
        return
    if found.is_refused:
        words = _("“%(name)s” was proposed and refused: %(other)s. Accept it there if it is one after all.",
                  name=name, other=found.full)  # fmt: skip
    elif found.retired_on is not None:
        words = _("“%(name)s” is a name of %(other)s, which was retired. Take it back into use there.",
                  name=name, other=found.full)  # fmt: skip
    else:
        words = _("“%(name)s” is a name of %(other)s already. If the two are one, merge them.",
                  name=name, other=found.full)  # fmt: skip
    raise DirectoryRefusal(words, field)


def free_key(session: Session, acronym: str | None, name: str) -> str:
    """A short name that nobody has: of the acronym, or of the name."""
    base = _NO_KEY.sub("-", fold(acronym or name)).strip("-")[:50].strip("-") or "organisation"
    taken = {*session.scalars(sa.select(Organisation.key).where(Organisation.key.startswith(base, autoescape=True)))}
    known = Directory(session)
    number = 1
    while True:
        key = base if number == 1 else f"{base}-{number}"
        if key not in taken and key not in _TAKEN and known.known(key) is None:
            return key
        number += 1
