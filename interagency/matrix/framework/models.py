"""Reference lists: the outcome document of UNGASS 2016, the SDGs, countries and regions.

They come from the data files in `interagency/reference/` and are brought into line by
`interagency framework load`; nobody edits them in the browser.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from interagency.db.base import Model, now

ROMAN = ("", "I", "II", "III", "IV", "V", "VI", "VII")


class Chapter(Model):
    """One of the seven thematic chapters of the outcome document (resolution S-30/1)."""

    __tablename__ = "chapter"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str]
    sections: Mapped[list[Section]] = relationship(back_populates="chapter", order_by="Section.position")

    @property
    def roman(self) -> str:
        return ROMAN[self.number]


class Section(Model):
    """A sub-heading of a chapter, or, with a parent, of a section."""

    __tablename__ = "section"
    __table_args__ = (sa.UniqueConstraint("chapter_number", "title"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    chapter_number: Mapped[int] = mapped_column(sa.ForeignKey("chapter.number", ondelete="RESTRICT"))
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("section.id", ondelete="RESTRICT"))
    # Order within the whole document, sections and subsections together.
    position: Mapped[int] = mapped_column(unique=True)
    title: Mapped[str]
    chapter: Mapped[Chapter] = relationship(back_populates="sections")

    @property
    def label(self) -> str:
        """`I. Prevention of drug abuse`."""
        return f"{ROMAN[self.chapter_number]}. {self.title}"


class Recommendation(Model):
    """One of the 103 operational recommendations. Its letter is a letter, never a Roman numeral."""

    __tablename__ = "recommendation"

    # As published: `1(a)` to `7(l)`.
    code: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    chapter_number: Mapped[int] = mapped_column(sa.ForeignKey("chapter.number", ondelete="RESTRICT"), index=True)
    section_id: Mapped[int | None] = mapped_column(sa.ForeignKey("section.id", ondelete="RESTRICT"), index=True)
    # Order within the whole document, 1 to 103.
    position: Mapped[int] = mapped_column(unique=True)
    # A short working title, not the official text.
    title: Mapped[str]
    addressee: Mapped[str]
    chapter: Mapped[Chapter] = relationship()
    section: Mapped[Section | None] = relationship()


class RecommendationText(Model):
    """The official text of a recommendation in a language beside English, as `interagency framework texts` read it."""

    __tablename__ = "recommendation_text"

    language: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    code: Mapped[str] = mapped_column(
        sa.String(8), sa.ForeignKey("recommendation.code", ondelete="RESTRICT"), primary_key=True
    )
    text: Mapped[str]
    # The name of the file it was read from, and its SHA-256.
    source: Mapped[str]
    loaded_at: Mapped[datetime] = mapped_column(default=now)


class SdgGoal(Model):
    """A Sustainable Development Goal."""

    __tablename__ = "sdg_goal"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str]


class SdgTarget(Model):
    """A target of a goal, `3.5` or `16.a`; the title is a short working title."""

    __tablename__ = "sdg_target"

    code: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    goal_number: Mapped[int] = mapped_column(sa.ForeignKey("sdg_goal.number", ondelete="RESTRICT"), index=True)
    position: Mapped[int] = mapped_column(unique=True)
    title: Mapped[str]


class Region(Model):
    """A region of the world: by M49 code, or a name the UN uses without one (`sahel`)."""

    __tablename__ = "region"

    code: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    parent_code: Mapped[str | None] = mapped_column(sa.ForeignKey("region.code", ondelete="RESTRICT"))
    other_names: Mapped[list[str]]


class Country(Model):
    """A country or area by ISO 3166-1, with its UN name."""

    __tablename__ = "country"

    code: Mapped[str] = mapped_column(sa.String(2), primary_key=True)
    alpha3: Mapped[str] = mapped_column(sa.String(3), unique=True)
    m49: Mapped[str] = mapped_column(sa.String(3), unique=True)
    name: Mapped[str] = mapped_column(unique=True)
    is_member_state: Mapped[bool]
    region_code: Mapped[str] = mapped_column(sa.ForeignKey("region.code", ondelete="RESTRICT"), index=True)
    other_names: Mapped[list[str]]
    region: Mapped[Region] = relationship()
