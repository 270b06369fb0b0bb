"""Documents with an owner, one per line, of activities and events: they leave only where the owner permits it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from interagency.matrix.framework.names import NotUnderstood
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import Directory
from interagency.text.lines import check_line

TITLE_LENGTH = 300
MAX_ADDRESS_LENGTH = 2_000
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
# `E/CN.7/2019/CRP.10`, `A/RES/S-30/1`: a body of the United Nations, and what follows within it.
_SYMBOL = re.compile(
    r"(?<![\w/])(?:A|E|S|ST|CEB|DP|TD|UNODC|WHO|HRI|CCPR)(?:/[A-Z0-9][A-Za-z0-9.()-]{0,30}){1,8}(?![\w/])"
)
BY_SYMBOL = "https://undocs.org/"


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """A document: its title and address, whose it is, and whether the owner lets others see it."""

    title: str
    url: str
    owner: Organisation | None = None
    is_permitted: bool = False


def is_address(text: str) -> bool:
    """Whether an address can be kept."""
    return len(text) <= MAX_ADDRESS_LENGTH and not any(sign in text for sign in '<>"')


@dataclass(frozen=True, slots=True)
class DocumentReader:
    """Reads `Report https://… | WHO | may be shared`; the owner by any name it was ever written with.

    A document of the United Nations has its address by its symbol: `Conference room paper E/CN.7/2019/CRP.10 | UNODC`.
    """

    directory: Directory

    def read(self, line: str) -> DocumentDraft:
        """The document of one line. Raises ValueError with a sentence."""
        line = check_line(line).strip()
        title, address, after = _around_address(line)
        if not address:
            title, address, after = _around_symbol(line)
        if not is_address(address) or not address:
            raise ValueError(
                _(
                    "“%(line)s” is not a document. Write title, address and owner: Report https://… | WHO",
                    line=line[:60],
                )
            )
        owner, _bar, said = (part.strip() for part in after.removeprefix("|").partition("|"))
        said = said.casefold()
        if said not in ("", "may be shared", "not shared"):
            raise ValueError(_("“%(line)s”: write “may be shared” after the owner, or leave it out.", line=line[:60]))
        try:
            found = self.directory.find(owner) if owner else None
        except NotUnderstood as problem:
            raise ValueError(str(problem)) from None
        return DocumentDraft(title[:TITLE_LENGTH] or address, address, found, said == "may be shared")


def _around_address(line: str) -> tuple[str, str, str]:
    """Title, address, and what follows it from a `|` on: the first address that is followed by nothing else.

    All empty where there is no such address.
    """
    for found in _ADDRESS.finditer(line):
        address, after = found[0], line[found.end() :].lstrip()
        if after and not after.startswith("|"):
            address, bar, rest = address.rpartition("|")  # `https://…| WHO`
            after = f"{bar}{rest} {after}"
            if not _ADDRESS.fullmatch(address):
                continue
        return line[: found.start()].strip(), address, after
    return "", "", ""


def document_words(document: DocumentDraft) -> str:
    """A document as `DocumentReader` understands it."""
    owner = document.owner.short if document.owner else ""
    return document_line(document.title, document.url, owner, document.is_permitted)


def document_fact(document: DocumentDraft) -> list[Any]:
    """A document among the facts."""
    owner = document.owner.key if document.owner else None
    return [document.title, document.url, owner, document.is_permitted]


def document_line(title: str, url: str, owner: str, is_permitted: bool) -> str:
    """The same of its parts; `owner` as it is called, "" where it is not known."""
    shared = " | may be shared" if is_permitted and owner else ""
    return f"{title} {url}{f' | {owner}' if owner else ''}{shared}"


def _around_symbol(line: str) -> tuple[str, str, str]:
    """The same of a line that names a document of the United Nations by its symbol; the symbol stays in the title."""
    title, bar, after = line.partition("|")
    found = _SYMBOL.search(title)
    return (title.strip(), BY_SYMBOL + found[0], f"{bar}{after}") if found else ("", "", "")


def shared_documents(documents: list[list[Any]]) -> list[list[str]]:
    """Title and address of those among the facts whose owner permits it; whose they are is not said: the owner agreed
    to that alone."""
    return [[title, url] for title, url, owner, permitted in documents if owner and permitted]
