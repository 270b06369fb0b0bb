"""A save reads what it needs: as many statements as the record has kinds of links, however long the lists are."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.db.base import db
from interagency.matrix.activities.models import Activity
from interagency.matrix.organisations.models import Organisation
from tests.helpers import ACTIVITY, Browser, errors_of, statements_seen

Enter = Callable[[str | None], Browser]
Add = Callable[..., int]
CHOSEN = {
    "recommendations": ["1(a)", "7(b)"], "partners": ["interpol"], "countries": ["KE", "CI"], "regions": ["002"],
    "sdg": ["3", "3.5"], "hosts": "Austria", "entities": ["undp"],
}  # fmt: skip


@pytest.mark.one_database
def test_a_save_reads_no_list_that_only_the_drawn_form_needs(app: Flask, enter: Enter, add_activity: Add) -> None:
    browser, address = enter("who"), f"/activities/{add_activity('Once')}/edit"
    form = browser.fields(address) | {"title": "Twice"}
    with statements_seen(app) as seen:
        browser.client.post(address, data=form)
    assert len(seen) <= 24, "\n".join(seen)
    assert not [one for one in seen if re.search(r"FROM (section|country)\b", one)], seen
    assert "Twice" in browser.get(address.removesuffix("/edit")).text


@pytest.mark.one_database
def test_what_was_chosen_is_kept_when_the_form_comes_back(enter: Enter) -> None:
    browser = enter("who")
    refused = browser.send("/activities/new", ACTIVITY | CHOSEN | {"title": ""})
    assert refused.status_code == 422
    for key in ("1(a)", "7(b)", "interpol", "KE", "CI", "3.5", "undp"):
        assert f'value="{key}" checked' in refused.text, key
    assert 'data-chooser="/choices/countries.' in refused.text, "the whole list is offered again"


def test_what_was_chosen_is_what_is_saved(app: Flask, enter: Enter) -> None:
    saved = enter("who").send("/activities/new", ACTIVITY | CHOSEN)
    with app.app_context():
        one = db.session.get_one(Activity, int(saved.location.split("?")[0].rsplit("/", 1)[1]))
        assert [r.code for r in one.recommendations] == ["1(a)", "7(b)"]
        assert [partner.key for partner in one.partners] == ["interpol"]
        assert {(link.country_code, link.role.value) for link in one.countries} == {
            ("KE", "beneficiary"), ("CI", "beneficiary"), ("AT", "host"),
        }  # fmt: skip
        assert [region.code for region in one.regions] == ["002"]
        assert [goal.number for goal in one.sdg_goals] == [3] and [t.code for t in one.sdg_targets] == ["3.5"]


def test_a_retired_partner_is_refused_where_it_was_not_and_kept_where_it_was(app: Flask, enter: Enter) -> None:
    browser = enter("who")
    saved = browser.send("/activities/new", ACTIVITY | {"partners": ["interpol"]})
    with app.app_context():
        partner = db.session.scalars(sa.select(Organisation).where(Organisation.key == "interpol")).one()
        partner.retired_on = date(2020, 1, 1)
        db.session.commit()
    address = saved.location.split("?")[0]
    again = browser.send(f"{address}/edit", browser.fields(f"{address}/edit") | {"title": "Another title"})
    assert again.status_code == 302
    refused = browser.send("/activities/new", ACTIVITY | {"title": "Far from it", "partners": ["interpol"]})
    assert refused.status_code == 422
    assert any("“interpol” is not on the list" in error for error in errors_of(refused))


@pytest.mark.parametrize("key", ["1(a)\x00x", "9" * 40, "' OR 1=1 --"])
@pytest.mark.one_database
def test_a_key_that_no_list_has_is_refused(enter: Enter, key: str) -> None:
    browser = enter("who")
    for field in ("recommendations", "partners", "countries", "regions", "sdg", "chapters", "entities"):
        refused = browser.send("/activities/new", ACTIVITY | {field: [key]})
        assert refused.status_code == 422, field
        assert any("is not on the list" in error for error in errors_of(refused)), field
