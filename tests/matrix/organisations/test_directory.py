"""The directory of organisations: names with their days, merging, retiring; what names them follows at once."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask

from interagency.db.base import db
from interagency.db.history import AuditEntry, changes_of
from interagency.matrix.activities.models import Activity, Participation
from interagency.matrix.activities.record import create_activity
from interagency.matrix.organisations import directory, merging
from interagency.matrix.organisations.directory import Act
from interagency.matrix.organisations.load import load_organisations
from interagency.matrix.organisations.models import NameKind, Organisation
from interagency.matrix.organisations.naming import DirectoryRefusal
from interagency.matrix.organisations.queries import Directory
from tests.helpers import activity_draft

DAY = date(2026, 11, 30)
ACT = Act(None, DAY)


def known(text: str) -> Organisation:
    return Directory(db.session).find(text)


def partner(name: str, acronym: str = "", kind: str = "civil_society") -> Organisation:
    return directory.add(db.session, ACT, name=name, acronym=acronym, kind=kind)


def activity(title: str, partners: list[Organisation], lead: str = "who", entities: tuple[str, ...] = ()) -> Activity:
    draft = activity_draft(title, lead=known(lead), partners=partners, entities=[known(entity) for entity in entities])
    return create_activity(db.session, draft, by=None, by_name="test")


def test_an_organisation_is_added_with_history_and_an_audit_line_and_found_by_its_names(app: Flask) -> None:
    with app.app_context():
        made = partner("Alliance for Quiet Rivers", "AQR", "private_sector")
        db.session.commit()
        assert (made.key, made.kind.value, made.is_entity) == ("aqr", "private_sector", False)
        assert known("aqr") is known("Alliance for quiet rivers") is made
        assert changes_of(db.session, "organisation", made.id)[0].fields["name"] == [None, "Alliance for Quiet Rivers"]
        assert db.session.scalars(sa.select(AuditEntry.act)).all() == ["organisation.added"]


@pytest.mark.parametrize(
    ("name", "acronym", "field"),
    [
        ("", "", "name"),
        ("   \u200f\u202e ", "", "name"),
        ("…!", "", "name"),
        ("x" * 301, "", "name"),
        ("One; Two", "", "name"),
        ("UN\u200f Women", "", "name"),  # the same to the eye
        ("un-women", "", "name"),
        ("Department of Peacekeeping Operations", "", "name"),
        ("New body", "WHO", "acronym"),
        ("New body", "Y" * 41, "acronym"),
    ],
)
def test_a_name_that_cannot_be_kept_or_is_anothers_is_refused_at_its_field(
    app: Flask, name: str, acronym: str, field: str
) -> None:
    with app.app_context():
        before = db.session.scalar(sa.select(sa.func.count(Organisation.id)))
        with pytest.raises(DirectoryRefusal) as refusal:
            partner(name, acronym)
        assert refusal.value.field == field
        assert db.session.scalar(sa.select(sa.func.count(Organisation.id))) == before


def test_control_characters_and_marks_of_direction_are_left_out_of_a_name(app: Flask) -> None:
    with app.app_context():
        assert partner("\u202eRed\x00 \u2066Cross\u2069\tSociety\n").name == "Red Cross Society"


def test_renaming_keeps_the_former_name_until_the_day_before_and_finds_by_both(app: Flask) -> None:
    with app.app_context():
        made = partner("Quiet Rivers", "QR")
        named = activity("Cleaning", [made])
        version = named.version
        directory.rename(db.session, made, ACT, name="Silent Rivers", acronym="SR", day=date(2026, 11, 1))
        db.session.commit()
        assert {(one.name, one.kind, one.until) for one in made.names} == {
            ("Quiet Rivers", NameKind.FORMER, date(2026, 10, 31)),
            ("QR", NameKind.FORMER, date(2026, 10, 31)),
        }
        assert known("quiet rivers") is known("SR") is made
        db.session.refresh(named)
        assert named.version == version, "what the record says is the same"
        assert {"silent", "quiet", "sr", "qr"} <= set(named.search_text.split()), "it is found by all names at once"


def test_a_correction_keeps_the_misspelling_as_another_name_and_needs_no_day(app: Flask) -> None:
    with app.app_context():
        made = partner("Quite Rivers")
        directory.rename(db.session, made, ACT, name="Quiet Rivers", correction=True)
        assert [(one.name, one.kind) for one in made.names] == [("Quite Rivers", NameKind.SPELLING)]
        directory.rename(db.session, made, ACT, name="Quite Rivers", day=DAY)
        assert [(one.name, one.kind) for one in made.names] == [("Quiet Rivers", NameKind.FORMER)]


@pytest.mark.parametrize(
    ("name", "day", "field"),
    [
        ("World Health Organization", None, "name"),
        ("DPKO", None, "name"),
        ("Quiet Rivers", None, "name"),
        ("Other", date(2026, 12, 1), "day"),
        ("Other", date(2026, 1, 31), "day"),
    ],
)
def test_what_cannot_be_a_new_name_or_its_day_is_refused(app: Flask, name: str, day: date | None, field: str) -> None:
    with app.app_context():
        made = partner("First Name")
        directory.rename(db.session, made, ACT, name="Quiet Rivers", day=date(2026, 2, 1))
        with pytest.raises(DirectoryRefusal) as refusal:
            directory.rename(db.session, made, ACT, name=name, day=day)
        assert refusal.value.field == field
        assert made.name == "Quiet Rivers"


def test_other_names_and_languages_are_added_and_taken_away_but_a_former_name_stays(app: Flask) -> None:
    with app.app_context():
        made = partner("Quiet Rivers")
        directory.add_name(db.session, made, ACT, name="Rivières calmes", language="fr")
        directory.add_name(db.session, made, ACT, name="Old Rivers", former=True, until=date(2020, 1, 1))
        assert known("rivieres calmes") is known("old rivers") is made
        spelling, former = made.names
        with pytest.raises(DirectoryRefusal):
            directory.remove_name(db.session, made, ACT, former.id)
        directory.remove_name(db.session, made, ACT, spelling.id)
        assert [one.name for one in made.names] == ["Old Rivers"]
        for name, language in (("WHO", ""), ("Quiet Rivers", ""), ("Other", "français")):
            with pytest.raises(DirectoryRefusal):
                directory.add_name(db.session, made, ACT, name=name, language=language)


def test_a_retired_organisation_stays_where_it_is_named_and_is_not_offered(app: Flask) -> None:
    with app.app_context():
        made = partner("Quiet Rivers")
        named = activity("Cleaning", [made])
        directory.retire(db.session, made, ACT, day=date(2026, 11, 1))
        db.session.commit()
        assert named.partners == [made]
        with pytest.raises(DirectoryRefusal):
            directory.retire(db.session, made, ACT)
        directory.unretire(db.session, made, ACT)
        assert made.retired_on is None
        with pytest.raises(DirectoryRefusal):
            directory.retire(db.session, made, ACT, day=date(2027, 1, 1))


def test_who_read_an_older_version_is_told(app: Flask) -> None:
    with app.app_context():
        made = partner("Quiet Rivers")
        db.session.commit()
        read = made.version
        directory.rename(db.session, made, ACT, name="Silent Rivers", version=read)
        db.session.commit()
        with pytest.raises(DirectoryRefusal, match="a moment ago"):
            directory.retire(db.session, made, ACT, version=read)


def test_merging_moves_what_names_one_to_the_other_and_can_be_taken_back(app: Flask) -> None:
    with app.app_context():
        wrong, right = partner("Quiet River", "QRV"), partner("Quiet Rivers", "QR")
        one, both = activity("One", [wrong]), activity("Both", [wrong, right])
        db.session.commit()
        assert merging.merge(db.session, wrong, right, ACT) == {"activity": 2, "event": 0}
        db.session.commit()
        assert one.partners == both.partners == [right]
        assert known("QRV") is known("quiet river") is known("qr") is right
        assert changes_of(db.session, "activity", one.id)[0].fields["partners"] == [["qrv"], ["qr"]]
        assert wrong.merged_into_id == right.id
        assert "qrv" in one.search_text.split(), "it is found by both names"
        merging.unmerge(db.session, wrong, ACT)
        db.session.commit()
        assert one.partners == [wrong]
        assert set(both.partners) == {wrong, right}
        assert known("QRV") is wrong
        assert right.names == []
        assert "qr" not in one.search_text.split()


def test_a_partner_that_is_a_un_entity_is_asked_whether_it_takes_part(app: Flask) -> None:
    with app.app_context():
        habitat = partner("Habitat programme")
        named = activity("Cities", [habitat])
        db.session.commit()
        assert not named.is_joint
        merging.merge(db.session, habitat, known("unicef"), ACT)
        db.session.commit()
        parts = {part.entity.key: part.participation for part in named.entities}
        assert parts["unicef"] is Participation.AWAITED
        assert named.is_joint, "its agreement is needed from now on"
        merging.unmerge(db.session, habitat, ACT)
        assert [part.entity.key for part in named.entities] == ["who"]
        assert named.partners == [habitat]


def test_an_entity_added_twice_is_merged_with_its_part(app: Flask) -> None:
    with app.app_context():
        double = directory.add(db.session, ACT, name="UN Habitat agency", acronym="UNHA", kind="un_entity")
        named = activity("Cities", [], lead="unha")
        named.entities[0].role = "builds"
        db.session.commit()
        merging.merge(db.session, double, known("unesco"), ACT)
        db.session.commit()
        assert named.lead is not None
        assert (named.lead.entity.key, named.lead.role) == ("unesco", "builds")
        merging.unmerge(db.session, double, ACT)
        assert named.lead.entity is double


def test_what_is_no_merging_is_refused_with_its_reason(app: Flask) -> None:
    with app.app_context():
        some, other = partner("Quiet Rivers"), partner("Loud Rivers")
        gone = partner("Gone Rivers")
        directory.retire(db.session, gone, ACT)
        for old, into, words in (
            (some, some, "itself"),
            (known("who"), some, "answer each month"),
            (known("unesco"), some, "is a UN entity"),
            (some, gone, "no longer in use"),
        ):
            with pytest.raises(DirectoryRefusal, match=words):
                merging.merge(db.session, old, into, ACT)
        merging.merge(db.session, some, other, ACT)
        with pytest.raises(DirectoryRefusal, match="merged"):
            merging.merge(db.session, some, known("unesco"), ACT)
        with pytest.raises(DirectoryRefusal, match="other way round"):
            directory.rename(db.session, other, ACT, name="Quiet Rivers")


def test_loading_the_data_file_again_leaves_what_people_changed(app: Flask) -> None:
    with app.app_context():
        directory.rename(db.session, known("who"), ACT, name="World Health Body", acronym="WHB")
        db.session.commit()
        load_organisations(db.session)
        db.session.commit()
        assert known("who").name == "World Health Body"


def test_a_proposal_is_named_at_once_and_accepted_refused_or_accepted_after_all(app: Flask) -> None:
    with app.app_context():
        made = merging.propose(db.session, ACT, "Quiet Rivers")
        assert made.is_proposed
        assert merging.propose(db.session, ACT, "quiet rivers") is made, "proposed twice it is one"
        named = activity("One", [made])
        db.session.commit()
        with pytest.raises(DirectoryRefusal):
            merging.refuse_proposal(db.session, made, ACT, reason=" ")
        merging.refuse_proposal(db.session, made, ACT, reason="A town, no organisation")
        db.session.commit()
        assert named.partners == []
        assert made.is_refused
        assert "A town, no organisation" in changes_of(db.session, "activity", named.id)[0].reason
        merging.accept(db.session, made, ACT, kind="academia")
        db.session.commit()
        assert named.partners == [made]
        assert (made.is_proposed, made.kind.value) == (False, "academia")
