"""What people write differently in Arabic and Russian is found all the same, on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.db.base import alembic, db
from interagency.db.fulltext import newest_first
from interagency.matrix.activities.models import Activity
from interagency.text.folding import fold, search_terms

TITLES = {
    "مكافحة المخدّرات: أسلحة على الحدود": ["مكافحه", "المخدرات", "المخــدرات", "اسلحة", "علي"],
    "Ещё один учебный курс на 2016 год": ["еще", "учебныи", "٢٠١٦"],
    "预防吸毒国际讲习班": ["吸毒", "国际讲习班"],
}


def found(words: str) -> list[str]:
    query = newest_first(db.session, sa.select(Activity.title), Activity, search_terms(words))
    return list(db.session.scalars(query))


def test_letters_that_stand_for_each_other_find_the_same(app: Flask, add_activity: Callable[..., int]) -> None:
    for title in TITLES:
        add_activity(title)
    with app.app_context():
        for title, words in TITLES.items():
            for word in words:
                assert found(word) == [title], word
        assert found("اسلح") == [next(iter(TITLES))]
        assert found("учебники") == []


def test_words_kept_before_are_folded_as_words_are_now(app: Flask, add_activity: Callable[..., int]) -> None:
    number = add_activity("مكافحة المخدرات")
    with app.app_context():
        db.session.close()
        alembic.downgrade("0025")
        with db.engine.begin() as connection:  # as 0025 folded: accents alone
            connection.execute(
                sa.text("UPDATE activity SET search_title = :words, search_text = :words WHERE id = :id"),
                {"words": " مكافحة المخدرات ", "id": number},
            )
        assert found("مكافحه") == []
        db.session.close()
        alembic.upgrade()
        assert found("مكافحه") == ["مكافحة المخدرات"]
        db.session.close()


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("أإآٱا", "ااااا"), ("مدرسة", "مدرسه"), ("مصطفى", "مصطفي"), ("كُتُب", "كتب"), ("Ёлка", "елка"), ("٢٠١٦", "2016"),
        ("wo\u200drd\u200f", "word"), ("\u2068UN\u2069", "un"), ("Côte d’Ivoire", "cote d'ivoire"),
    ],
)  # fmt: skip
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold(folded) == folded
