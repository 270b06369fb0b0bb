"""Form fields for what this field of work writes: imprecise dates, records by key, figures, names."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import request
from flask_babel import gettext as _
from wtforms import Field, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.widgets import TextInput

from interagency.text.dates import ImpreciseDate
from interagency.text.folding import clean
from interagency.text.lines import check_line, split_lines
from interagency.text.typed_dates import AmbiguousDate, DateNotUnderstood, read_date


def to_choices(pairs: Iterable[tuple[str, Any]]) -> list[Any]:
    """`(value, words)` pairs as WTForms takes them for a SelectField."""
    return [SelectChoice(value=value, label=words) for value, words in pairs]


class CleanStringField(StringField):
    """One line of text without control characters; blank becomes ''."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = clean(valuelist[0], lines=False) if valuelist else ""


class CleanTextField(TextAreaField):
    """Several lines of text without control characters; blank becomes ''."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = clean(valuelist[0]) if valuelist else ""


class ImpreciseDateField(Field):
    """A date as people write it. `data` is an ImpreciseDate or None.

    Beside the text travels what it was read as (`NAME_read`), so that a date is saved only after its
    reading was shown. `needs_showing` is true when that has not happened yet. Where a date can be read
    two ways `choices` holds both, to be offered as buttons (`NAME_choice`).
    """

    widget = TextInput()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.typed = ""
        self.choices: list[ImpreciseDate] = []
        self.needs_showing = False

    def _value(self) -> str:
        return self.typed or (self.data.words() if self.data else "")

    @property
    def read_name(self) -> str:
        return f"{self.name}_read"

    @property
    def choice_name(self) -> str:
        return f"{self.name}_choice"

    @property
    def read_code(self) -> str:
        return self.data.code if isinstance(self.data, ImpreciseDate) else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        self.typed = clean(valuelist[0], lines=False)[:200] if valuelist else ""
        choice = request.form.get(self.choice_name, "")
        if choice:
            try:
                self.data = ImpreciseDate.from_code(choice)
            except ValueError:
                raise ValidationError(_("Write the date with the month as a word.")) from None
            self.typed = self.data.words()
            return
        try:
            self.data = read_date(self.typed)
        except AmbiguousDate as question:
            self.choices = list(question.choices)
            raise ValidationError(str(question)) from None
        except DateNotUnderstood as problem:
            raise ValidationError(str(problem)) from None
        shown = request.form.get(self.read_name, "")
        plain = self.data is None or self.typed.casefold() in (self.data.words().casefold(), self.data.code)
        self.needs_showing = not plain and shown != self.read_code


@dataclass(slots=True)
class Option:
    """One choice of a chooser."""

    value: str
    label: str
    detail: str = ""
    search: str = ""


@dataclass(slots=True)
class Group:
    """Choices under a heading of a chooser."""

    title: str
    level: int = 3
    options: list[Option] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)


class FormPart(enum.StrEnum):
    """A section of a long form; the value is the anchor of its heading."""

    WHAT = "what"
    WHO = "who"
    WHERE_AND_WHEN = "where-and-when"
    RESULTS = "results-and-source"


class RecordsField(Field):
    """Several records chosen by key from a list. `data` is the list of records, in the list's order.

    They are posted as keys (`NAME`), or typed as people write them (`NAME-typed`, see `understand`). A key that was
    not offered is refused even if posted by hand.
    """

    widget = TextInput()  # never drawn: the templates draw a chooser

    def __init__(self, label: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(label, *args, **kwargs)
        self.offered: Mapping[str, Any] = {}
        self.keys: list[str] = []
        self.typed = ""
        self.problems: list[str] = []
        self.unknown: list[str] = []

    @property
    def typed_name(self) -> str:
        """The name of the input that takes names as people write them."""
        return f"{self.name}-typed"

    def process(self, formdata: Any, *args: Any, **kwargs: Any) -> None:
        super().process(formdata, *args, **kwargs)
        if formdata is not None:
            self.typed = clean("".join(formdata.getlist(self.typed_name)[:1]))

    def offer(self, offered: Mapping[str, Any], chosen: Iterable[str] | None = None) -> None:
        """Set what can be chosen, and what is chosen when nothing was posted."""
        self.offered = offered
        if chosen is not None and self.raw_data is None:
            self.keys = list(chosen)
            self.data = [offered[key] for key in self.keys if key in offered]

    def process_formdata(self, valuelist: list[str]) -> None:
        self.keys = list(dict.fromkeys(key for value in valuelist[:2000] if (key := clean(value, lines=False))))

    def understand(self, look_up: Callable[[str], str], is_new: Callable[[str], bool] | None = None) -> None:
        """Choose what was typed. What `look_up`, name to key, does not know (ValueError) stays typed and is refused.

        With `is_new`, whether the form adds a name to the list elsewhere, such names are taken as read, and `unknown`
        are the names among what is left.
        """
        left: list[str] = []

        def read(name: str) -> str:
            return "" if is_new is not None and is_new(name) else look_up(name)

        try:
            lines = split_lines(self.typed)
        except ValueError as problem:
            self.problems.append(str(problem))
            return
        for line in lines:
            try:
                found = _read_names(check_line(line), read)
            except ValueError as problem:
                self.problems.append(str(problem))
                left.append(line)
                if is_new is not None:
                    self.unknown += _unknown_names(line, read)
                continue
            self.keys += [key for key in found if key and key not in self.keys]
        self.typed = "; ".join(left)

    def pre_validate(self, form: Any) -> None:
        unknown, chosen = [key for key in self.keys if key not in self.offered], set(self.keys)
        self.data = [record for key, record in self.offered.items() if key in chosen]
        if unknown:
            raise ValidationError(
                _("“%(value)s” is not on the list. Choose from the list below.", value=clean(unknown[0])[:40])
            )
        if self.problems:
            raise ValidationError(" ".join(self.problems[:5]))


def _read_names(line: str, look_up: Callable[[str], str]) -> list[str]:
    """The keys of one name, or of several between commas: a comma never splits what is a name as a whole."""
    try:
        return [look_up(line)]
    except ValueError as problem:
        parts = [part.strip() for part in line.split(",") if part.strip()]
        if len(parts) < 2:
            raise
        refused, found = problem, []
    for part in parts:
        try:
            found.append(look_up(part))
        except ValueError as problem:
            refused = problem if found else refused
            raise refused from None
    return found


def _unknown_names(line: str, look_up: Callable[[str], str]) -> list[str]:
    """The names in a line that `look_up` does not know; the line as a whole where it knows nothing in it."""

    def is_known(name: str) -> bool:
        try:
            look_up(name)
        except ValueError:
            return False
        return True

    parts = [part.strip() for part in line.split(",") if part.strip()]
    unknown = [part for part in parts if not is_known(part)]
    return unknown if len(unknown) < len(parts) else [line]


class NamesField(CleanTextField):
    """Names separated by `;` or line breaks, each looked up. `data` is the list of what they stand for.

    `lines` are those that are there and short enough to be read; what is too much is refused. A comma never
    separates: `Bolivia (Plurinational State of)` and `Congo, Democratic Republic of the` are names.
    """

    def __init__(self, *args: Any, split: Callable[[str], list[str]] = split_lines, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.split = split
        self.look_up: Callable[[str], Any] = str
        self.say: Callable[[Any], str] = str
        self.typed: str | None = None
        self.lines: list[str] = []
        self.found: list[Any] = []

    def _value(self) -> str:
        return self.typed if self.typed is not None else "\n".join(self.say(item) for item in self.found)

    def process_formdata(self, valuelist: list[str]) -> None:
        self.typed = clean(valuelist[0]) if valuelist else ""
        for line in self.split(self.typed):
            check_line(line)
            self.lines.append(line)

    def pre_validate(self, form: Any) -> None:
        problems = []
        self.found = []
        for name in self.lines:
            try:
                item = self.look_up(name)
            except ValueError as problem:
                problems.append(str(problem))
                continue
            if item not in self.found:
                self.found.append(item)
        self.data = self.found
        if problems:
            raise ValidationError(" ".join(problems[:5]))


def error_links(form: Any) -> list[tuple[str, str, str]]:
    """`(field id, label, message)` of every error of `form`, in its order."""
    return [(item.id, str(item.label.text), str(message)) for item in form for message in item.errors]


__all__ = [
    "CleanStringField",
    "CleanTextField",
    "FormPart",
    "Group",
    "ImpreciseDateField",
    "NamesField",
    "Option",
    "RecordsField",
    "error_links",
    "to_choices",
]
