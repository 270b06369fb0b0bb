"""The form of a message: what is saved is a new version."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import HiddenField, SelectField, ValidationError
from wtforms.validators import InputRequired, Length

from interagency.matrix.activities.choice_lists import LISTS, list_addresses
from interagency.matrix.activities.models import Level
from interagency.matrix.framework.names import chapters
from interagency.matrix.messages.labels import LEVELS
from interagency.matrix.messages.models import (
    LANGUAGES,
    NOTE_LENGTH,
    SOURCE_LENGTH,
    TEXT_LENGTH,
    TITLE_LENGTH,
    MessageVersion,
)
from interagency.matrix.messages.record import MessageDraft
from interagency.matrix.organisations import choices
from interagency.matrix.organisations.models import Organisation
from interagency.matrix.organisations.queries import entities, keys_of_today
from interagency.text.dates import ImpreciseDate
from interagency.text.typed_dates import DateNotUnderstood, read_one_day
from interagency.web.forms import CleanStringField, CleanTextField, Option, RecordsField, to_choices

_TOO_LONG = _l("This is longer than %(max)d characters. Shorten it; nothing you typed is lost.")


class DayField(CleanStringField):
    """One exact day as people write it. `day` is what it was read as, None where nothing was written."""

    day: date | None = None

    def pre_validate(self, form: Any) -> None:
        try:
            self.day = read_one_day((self.data or "")[:60])
        except DateNotUnderstood as problem:
            raise ValidationError(str(problem)) from None


def _at_most(length: int) -> Length:
    return Length(max=length, message=_TOO_LONG)


class MessageForm(FlaskForm):  # type: ignore[misc]  # flask-wtf has no types
    """Everything a version says."""

    version = HiddenField()
    title = CleanStringField(
        _l("What it is about"),
        validators=[InputRequired(_l("Write in a line what the message is about.")), _at_most(TITLE_LENGTH)],
        render_kw={"dir": "auto"},
    )
    chapter = SelectField(_l("Chapter"), default="")
    level = SelectField(_l("For whom"), default=Level.BOTH.value)
    source = CleanStringField(
        _l("Source"),
        validators=[_at_most(SOURCE_LENGTH)],
        description=_l("What it rests on: a resolution, a decision, a report, with its symbol."),
    )
    valid_from = DayField(_l("Valid from"), description=_l("A day such as 3 May 2026; empty for at once."))
    valid_until = DayField(_l("Valid until"), description=_l("The last day it may be used; empty for no end."))
    entities = RecordsField(_l("In the name of"), description=_l("Every one of them agrees before it is used outside."))
    note = CleanStringField(
        _l("What is new in it"), validators=[_at_most(NOTE_LENGTH)], description=_l("For your colleagues.")
    )

    def __init__(
        self, session: Session, newest: MessageVersion | None = None, mine: list[Organisation] | None = None
    ) -> None:
        super().__init__()
        self._session, self._newest, self._mine = session, newest, mine or []
        titles = [(str(one.number), f"{one.roman}. {one.title}") for one in chapters(session)]
        self.chapter.choices = to_choices([("", _("All chapters")), *titles])
        self.level.choices = to_choices((one.value, words) for one, words in LEVELS.items())
        if self.is_submitted():
            if self.entities.typed:
                self.entities.understand(LISTS["entities"].reader(session))
            self.entities.keys = keys_of_today(session, self.entities.keys)
        present = list(newest.entities) if newest else self._mine
        offered = entities(session)
        offered += [one for one in present if one not in offered]
        self.entities.offer({one.key: one for one in offered}, [one.key for one in present])
        if newest is not None and not self.is_submitted():
            self._fill(newest)

    def _fill(self, newest: MessageVersion) -> None:
        self.version.data = str(newest.number)
        self.title.data, self.source.data, self.level.data = newest.title, newest.source, newest.level.value
        self.chapter.data = str(newest.chapter_number or "")
        for name in ("valid_from", "valid_until"):
            day = getattr(newest, name)
            self[name].data = ImpreciseDate.day(day).words() if day else ""
        for code in LANGUAGES:
            self[f"text_{code}"].data = newest.texts.get(code, "")

    @property
    def texts(self) -> dict[str, str]:
        """The texts that were written, by language."""
        return {code: text for code in LANGUAGES if (text := self[f"text_{code}"].data)}

    def validate(self, extra_validators: Any = None) -> bool:
        """Each field, then the rules over several."""
        fine = bool(super().validate(extra_validators))
        if not self.texts:
            self.text_en.errors = [*self.text_en.errors, _("Write the message in one language at least.")]
            fine = False
        chosen = self.entities.data or []
        if not chosen and not self.entities.errors:
            self.entities.errors = [_("Choose at least one entity in whose name it speaks.")]
            fine = False
        if chosen and self._newest is None and self._mine and not {o.id for o in self._mine} & {o.id for o in chosen}:
            names = ", ".join(one.short for one in self._mine)
            self.entities.errors = [
                _("Choose %(names)s among the entities: you write it for one of them.", names=names)
            ]
            fine = False
        first, last = self.valid_from.day, self.valid_until.day
        if first and last and last < first:
            self.valid_until.errors = [*self.valid_until.errors, _("The last day lies before the first.")]
            fine = False
        return fine

    def chosen(self, name: str) -> list[Option]:
        """What is chosen in the chooser called `name`."""
        return [choices.option_of(record) for record in self[name].data or []]

    @cached_property
    def list_addresses(self) -> dict[str, tuple[str, str]]:
        """Where the list of entities is read by scripts, and where by people."""
        return list_addresses(self._session, {"entities": "entities"})

    def draft(self) -> MessageDraft:
        """The finished values. Call after `validate`."""
        return MessageDraft(
            title=self.title.data,
            texts=self.texts,
            chapter_number=int(self.chapter.data) if self.chapter.data else None,
            level=Level(self.level.data),
            source=self.source.data or "",
            valid_from=self.valid_from.day,
            valid_until=self.valid_until.day,
            note=self.note.data or "",
            entities=list(self.entities.data or []),
        )


for _code, _name in LANGUAGES.items():
    _how = {"rows": 4, "lang": _code, "dir": "rtl" if _code == "ar" else "ltr"}
    setattr(MessageForm, f"text_{_code}", CleanTextField(_name, validators=[_at_most(TEXT_LENGTH)], render_kw=_how))
