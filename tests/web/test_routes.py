"""Every address states who may open it, and every form why it is one act when it is sent twice."""

from __future__ import annotations

import threading

import pytest
from flask import Flask

from interagency.calendar.feeds import serving as feed_app
from interagency.web.access import required_access

ROUTES = {
    ("GET", "/"): "signed in",
    ("GET", "/healthz"): "public",
    ("GET", "/readyz"): "public",
    ("GET", "/static/<path:filename>"): "public",
    ("GET", "/.well-known/interagency-keys.json"): "public",
    ("GET", "/.well-known/interagency-verify.py"): "public",
    ("GET", "/admin/operation"): "administrator",
    ("GET", "/editions/<month>/signed.zip"): "signed in",
    ("GET", "/editions/<month>/signed/<name>"): "signed in",
    ("GET", "/exports/note.zip"): "coordinator",
    ("GET", "/sign-in"): "public",
    ("POST", "/sign-in"): "public",
    ("POST", "/sign-out"): "public",
    ("GET", "/account"): "signed in",
    ("POST", "/account"): "signed in",
    ("POST", "/language"): "public",
    ("POST", "/account/sessions/<int:session_id>/end"): "signed in",
    ("POST", "/account/sessions/end-others"): "signed in",
    ("GET", "/search"): "signed in",
    ("GET", "/search/suggestions"): "signed in",
    ("GET", "/activities"): "signed in",
    ("GET", "/activities/new"): "signed in",
    ("POST", "/activities/new"): "signed in",
    ("GET", "/activities/<int:activity_id>"): "signed in",
    ("GET", "/activities/<int:activity_id>/edit"): "signed in",
    ("POST", "/activities/<int:activity_id>/edit"): "signed in",
    ("GET", "/activities/<int:activity_id>/history"): "signed in",
    ("GET", "/activities/<int:activity_id>/practice"): "signed in",
    ("POST", "/activities/<int:activity_id>/practice"): "signed in",
    ("GET", "/good-practice"): "signed in",
    ("GET", "/good-practice/portal.<kind>"): "coordinator",
    ("GET", "/lessons"): "signed in",
    ("GET", "/organisations"): "signed in",
    ("GET", "/organisations/new"): "signed in",
    ("POST", "/organisations/new"): "signed in",
    ("GET", "/organisations/<key>"): "signed in",
    ("POST", "/organisations/<key>"): "signed in",
    ("GET", "/dates"): "signed in",
    ("GET", "/calendar"): "signed in",
    ("GET", "/calendar/<int:year>/<int:month>"): "signed in",
    ("GET", "/events/dates"): "signed in",
    ("GET", "/events/new"): "signed in",
    ("POST", "/events/new"): "signed in",
    ("GET", "/events/<int:event_id>"): "signed in",
    ("GET", "/events/<int:event_id>.ics"): "signed in",
    ("GET", "/events/<int:event_id>/edit"): "signed in",
    ("POST", "/events/<int:event_id>/edit"): "signed in",
    ("GET", "/events/<int:event_id>/history"): "signed in",
    ("GET", "/events/<int:event_id>/invitations"): "signed in",
    ("POST", "/events/<int:event_id>/invitations"): "signed in",
    ("POST", "/events/<int:event_id>/invitations/<int:invitee_id>/remove"): "signed in",
    ("POST", "/events/<int:event_id>/proposals/<int:proposal_id>/settle"): "signed in",
    ("GET", "/invited/<token>/<int:number>/<word>"): "public",
    ("POST", "/invited/<token>/<int:number>/<word>"): "public",
    ("GET", "/answers"): "coordinator",
    ("POST", "/answers/<int:mail_id>"): "coordinator",
    ("GET", "/subscriptions"): "signed in",
    ("POST", "/subscriptions"): "signed in",
    ("POST", "/subscriptions/<int:subscription_id>/rename"): "signed in",
    ("POST", "/subscriptions/<int:subscription_id>/reset"): "signed in",
    ("POST", "/subscriptions/<int:subscription_id>/revoke"): "signed in",
    ("GET", "/feeds/<token>.ics"): "public",
    ("GET", "/subscriptions/data"): "signed in",
    ("POST", "/subscriptions/data"): "signed in",
    ("POST", "/subscriptions/data/<int:subscription_id>/reset"): "signed in",
    ("POST", "/subscriptions/data/<int:subscription_id>/revoke"): "signed in",
    ("GET", "/data/<token>/<name>"): "public",
    ("GET", "/account/tokens"): "signed in",
    ("POST", "/account/tokens"): "signed in",
    ("POST", "/account/tokens/<int:token_id>/revoke"): "signed in",
    ("GET", "/api/v1/"): "signed in",
    ("GET", "/api/v1/openapi.json"): "public",
    ("GET", "/api/v1/activities"): "token",
    ("POST", "/api/v1/activities"): "token",
    ("GET", "/api/v1/activities/<int:activity_id>"): "token",
    ("PATCH", "/api/v1/activities/<int:activity_id>"): "token",
    ("GET", "/api/v1/activities/<int:activity_id>/agreement"): "token",
    ("POST", "/api/v1/activities/<int:activity_id>/participation"): "token",
    ("POST", "/api/v1/agreement"): "token",
    ("GET", "/api/v1/agreement/<key>"): "token",
    ("GET", "/api/v1/comparisons"): "token",
    ("GET", "/api/v1/cycles"): "token",
    ("GET", "/api/v1/cycles/<month>"): "token",
    ("POST", "/api/v1/cycles/<month>/answers"): "token",
    ("DELETE", "/api/v1/cycles/<month>/answers/<key>"): "token",
    ("POST", "/api/v1/cycles/<month>/confirmations"): "token",
    ("GET", "/api/v1/cycles/<month>/entities/<key>"): "token",
    ("GET", "/api/v1/editions"): "token",
    ("GET", "/api/v1/editions/<month>"): "token",
    ("GET", "/api/v1/editions/<month>/contents"): "token",
    ("GET", "/api/v1/events"): "token",
    ("POST", "/api/v1/events"): "token",
    ("GET", "/api/v1/events/<int:event_id>"): "token",
    ("PATCH", "/api/v1/events/<int:event_id>"): "token",
    ("GET", "/api/v1/framework"): "token",
    ("GET", "/api/v1/organisations"): "token",
    ("GET", "/api/v1/organisations/<key>"): "token",
    ("GET", "/api/v1/search"): "token",
    ("GET", "/exports/matrix.xlsx"): "signed in",
    ("GET", "/exports/matrix.csv"): "signed in",
    ("GET", "/exports/matrix.json"): "signed in",
    ("GET", "/exports/calendar.csv"): "signed in",
    ("GET", "/exports/calendar.json"): "signed in",
    ("GET", "/exports/dictionary"): "signed in",
    ("GET", "/calendar/<int:year>"): "signed in",
    ("GET", "/calendar/week/<day>"): "signed in",
    ("GET", "/events/preview"): "signed in",
    ("GET", "/events/suggestions/<name>.json"): "signed in",
    ("GET", "/events/zone"): "signed in",
    ("GET", "/choices/<name>"): "signed in",
    ("GET", "/choices/<name>.<language>.<version>.json"): "signed in",
    ("GET", "/activities/alike"): "signed in",
    ("GET", "/events/<int:event_id>/occurrences"): "signed in",
    ("POST", "/events/<int:event_id>/occurrences"): "signed in",
    ("POST", "/events/<int:event_id>/milestone"): "signed in",
    ("GET", "/activities/<int:activity_id>/milestones"): "signed in",
    ("POST", "/activities/<int:activity_id>/milestones"): "signed in",
    ("GET", "/activities/<int:activity_id>/translations"): "signed in",
    ("POST", "/activities/<int:activity_id>/translations"): "signed in",
    ("GET", "/imports/calendar"): "signed in",
    ("POST", "/imports/calendar"): "signed in",
    ("GET", "/imports/calendar/<int:import_id>"): "signed in",
    ("POST", "/imports/calendar/<int:import_id>"): "signed in",
    ("POST", "/imports/calendar/<int:import_id>/go-on"): "signed in",
    ("POST", "/imports/calendar/<int:import_id>/undo"): "signed in",
    ("GET", "/imports"): "signed in",
    ("POST", "/imports"): "signed in",
    ("GET", "/imports/<int:import_id>"): "signed in",
    ("POST", "/imports/<int:import_id>"): "signed in",
    ("POST", "/imports/<int:import_id>/go-on"): "signed in",
    ("POST", "/imports/<int:import_id>/columns"): "signed in",
    ("POST", "/imports/<int:import_id>/sheet"): "signed in",
    ("POST", "/imports/<int:import_id>/organisations"): "signed in",
    ("GET", "/imports/<int:import_id>/answer.xlsx"): "signed in",
    ("POST", "/imports/<int:import_id>/undo"): "signed in",
    ("GET", "/agreement"): "signed in",
    ("POST", "/agreement"): "signed in",
    ("POST", "/agreement/records"): "signed in",
    ("GET", "/agreement/waiting"): "coordinator",
    ("POST", "/agreement/waiting"): "coordinator",
    ("POST", "/activities/<int:activity_id>/agreement"): "signed in",
    ("POST", "/events/<int:event_id>/agreement"): "signed in",
    ("GET", "/external/<token>/"): "public",
    ("GET", "/external/<token>/<name>"): "public",
    ("GET", "/editions/<month>/hand-out"): "coordinator",
    ("POST", "/editions/<month>/hand-out"): "coordinator",
    ("GET", "/hand-outs"): "coordinator",
    ("GET", "/embed/<token>"): "public",
    ("GET", "/embeds"): "signed in",
    ("GET", "/embeds/new"): "signed in",
    ("POST", "/embeds/new"): "signed in",
    ("POST", "/embeds/<int:embed_id>/revoke"): "signed in",
    ("POST", "/hand-outs/<int:token_id>/revoke"): "coordinator",
    ("GET", "/exports/note"): "coordinator",
    ("GET", "/exports/note.docx"): "coordinator",
    ("GET", "/invitations/<token>"): "public",
    ("POST", "/invitations/<token>"): "public",
    ("GET", "/resets/<token>"): "public",
    ("POST", "/resets/<token>"): "public",
    ("GET", "/forgotten"): "public",
    ("POST", "/forgotten"): "public",
    ("POST", "/account/password"): "signed in",
    ("GET", "/sign-in/organisation"): "public",
    ("GET", "/sign-in/organisation/back"): "public",
    ("GET", "/sign-in/code"): "public",
    ("POST", "/sign-in/code"): "public",
    ("GET", "/account/second-factor"): "signed in",
    ("POST", "/account/second-factor"): "signed in",
    ("POST", "/account/second-factor/confirm"): "signed in",
    ("POST", "/account/second-factor/codes"): "signed in",
    ("POST", "/account/second-factor/off"): "signed in",
    ("GET", "/people"): "administrator",
    ("POST", "/people"): "administrator",
    ("GET", "/people/<int:person_id>"): "administrator",
    ("POST", "/people/<int:person_id>"): "administrator",
    ("GET", "/audit"): "administrator",
    ("GET", "/audit.csv"): "administrator",
    ("GET", "/matrix"): "signed in",
    ("GET", "/matrix.svg"): "signed in",
    ("GET", "/coverage"): "signed in",
    ("GET", "/where"): "signed in",
    ("GET", "/when"): "signed in",
    ("GET", "/together"): "signed in",
    ("GET", "/countries/<code>"): "signed in",
    ("GET", "/recommendations/<code>"): "signed in",
    ("GET", "/needs"): "signed in",
    ("GET", "/needs.csv"): "signed in",
    ("GET", "/needs.xlsx"): "signed in",
    ("GET", "/needs/new"): "signed in",
    ("POST", "/needs/new"): "signed in",
    ("GET", "/needs/<int:need_id>"): "signed in",
    ("GET", "/needs/<int:need_id>/edit"): "signed in",
    ("POST", "/needs/<int:need_id>/edit"): "signed in",
    ("GET", "/needs/<int:need_id>/history"): "signed in",
    ("POST", "/needs/<int:need_id>/offer"): "signed in",
    ("POST", "/needs/<int:need_id>/agreement"): "signed in",
    ("GET", "/messages"): "signed in",
    ("GET", "/messages.csv"): "signed in",
    ("GET", "/messages.docx"): "signed in",
    ("GET", "/messages/new"): "signed in",
    ("POST", "/messages/new"): "signed in",
    ("GET", "/messages/<int:message_id>"): "signed in",
    ("GET", "/messages/<int:message_id>/edit"): "signed in",
    ("POST", "/messages/<int:message_id>/edit"): "signed in",
    ("GET", "/messages/<int:message_id>/compare"): "signed in",
    ("POST", "/messages/<int:message_id>/state"): "signed in",
    ("POST", "/messages/<int:message_id>/uses"): "signed in",
    ("POST", "/messages/<int:message_id>/agreement"): "signed in",
    ("GET", "/messages/versions/<int:version_id>"): "signed in",
    ("GET", "/briefing"): "signed in",
    ("GET", "/briefing.docx"): "signed in",
    ("GET", "/countries/<code>/briefing.docx"): "signed in",
    ("GET", "/countries/<code>/country.xlsx"): "signed in",
    ("GET", "/overlaps"): "signed in",
    ("GET", "/overlaps/<int:first_id>/<int:second_id>"): "signed in",
    ("POST", "/overlaps/<int:first_id>/<int:second_id>/verdict"): "signed in",
    ("POST", "/overlaps/<int:first_id>/<int:second_id>/join"): "signed in",
    ("GET", "/overlaps/<int:first_id>/<int:second_id>/merge"): "signed in",
    ("POST", "/overlaps/<int:first_id>/<int:second_id>/merge"): "signed in",
    ("POST", "/activities/<int:activity_id>/merges/<int:merge_id>/undo"): "coordinator",
    ("GET", "/mandates"): "signed in",
    ("POST", "/mandates"): "signed in",
    ("GET", "/start"): "signed in",
    ("GET", "/month"): "signed in",
    ("GET", "/month/sign"): "signed in",
    ("POST", "/month/sign"): "signed in",
    ("POST", "/month/take-back"): "signed in",
    ("POST", "/month/confirm"): "signed in",
    ("POST", "/month/undo"): "signed in",
    ("POST", "/month/participation"): "signed in",
    ("POST", "/month/status"): "signed in",
    ("POST", "/month/end"): "signed in",
    ("GET", "/cycles"): "coordinator",
    ("POST", "/cycles"): "coordinator",
    ("POST", "/cycles/mails/<int:message_id>/again"): "coordinator",
    ("GET", "/cycles/<month>"): "coordinator",
    ("GET", "/cycles/<month>/remarks"): "coordinator",
    ("GET", "/cycles/mails"): "coordinator",
    ("GET", "/notices"): "signed in",
    ("GET", "/notices/<int:notice_id>"): "signed in",
    ("GET", "/notices/new"): "coordinator",
    ("POST", "/notices/new"): "coordinator",
    ("POST", "/notices"): "coordinator",
    ("GET", "/people/appoint"): "signed in",
    ("POST", "/people/appoint"): "signed in",
    ("POST", "/cycles/<month>/remind"): "coordinator",
    ("POST", "/cycles/<month>/return"): "coordinator",
    ("POST", "/cycles/<month>/answer"): "coordinator",
    ("POST", "/cycles/<month>/extend"): "coordinator",
    ("POST", "/cycles/<month>/due"): "coordinator",
    ("POST", "/cycles/<month>/reopen"): "coordinator",
    ("GET", "/cycles/<month>/close"): "coordinator",
    ("POST", "/cycles/<month>/close"): "coordinator",
    ("GET", "/editions"): "signed in",
    ("GET", "/editions/<month>"): "signed in",
    ("GET", "/editions/<month>/changes"): "signed in",
    ("GET", "/editions/<month>/edition.json"): "signed in",
    ("GET", "/editions/<month>/matrix.xlsx"): "signed in",
    ("GET", "/remarks"): "signed in",
    ("GET", "/remarks/on/<kind>/<int:number>"): "signed in",
    ("POST", "/remarks/on/<kind>/<int:number>"): "signed in",
    ("GET", "/remarks/<int:remark_id>/edit"): "signed in",
    ("POST", "/remarks/<int:remark_id>/edit"): "signed in",
    ("POST", "/remarks/<int:remark_id>/state"): "signed in",
    ("GET", "/views"): "signed in",
    ("GET", "/views/new"): "signed in",
    ("POST", "/views/new"): "signed in",
    ("GET", "/views/<int:view_id>"): "signed in",
    ("POST", "/views/<int:view_id>"): "signed in",
    ("POST", "/views/<int:view_id>/delete"): "signed in",
    ("POST", "/views/<int:view_id>/start"): "signed in",
    ("POST", "/watch"): "signed in",
    ("GET", "/account/mails"): "signed in",
    ("POST", "/account/mails"): "signed in",
    ("GET", "/silence/<token>"): "public",
    ("POST", "/silence/<token>"): "public",
}

# Why a form that is sent twice is one act: docs/decisions/009-forms-sent-twice.md tells what the words mean.
ONCE = {
    "key": {
        "/activities/new", "/activities/<int:activity_id>/milestones", "/activities/<int:activity_id>/practice",
        "/activities/<int:activity_id>/translations", "/events/new",
        "/events/<int:event_id>/occurrences", "/subscriptions", "/subscriptions/<int:subscription_id>/reset",
        "/subscriptions/data", "/subscriptions/data/<int:subscription_id>/reset", "/account/tokens",
        "/editions/<month>/hand-out", "/people", "/people/<int:person_id>", "/people/appoint", "/notices", "/imports",
        "/imports/<int:import_id>/columns", "/imports/<int:import_id>/sheet",
        "/imports/<int:import_id>/organisations", "/imports/calendar", "/embeds/new",
        "/organisations/new", "/needs/new", "/messages/new", "/messages/<int:message_id>/uses",
        "/remarks/on/<kind>/<int:number>", "/views/new",
    },
    "version": {
        "/activities/<int:activity_id>/edit", "/events/<int:event_id>/edit", "/month/participation", "/month/end",
        "/month/status",
        "/overlaps/<int:first_id>/<int:second_id>/join", "/overlaps/<int:first_id>/<int:second_id>/merge",
        "/organisations/<key>", "/needs/<int:need_id>/edit", "/messages/<int:message_id>/edit",
    },
    "state": {
        "/imports/<int:import_id>", "/imports/<int:import_id>/go-on", "/imports/<int:import_id>/undo",
        "/imports/calendar/<int:import_id>", "/imports/calendar/<int:import_id>/go-on",
        "/imports/calendar/<int:import_id>/undo", "/activities/<int:activity_id>/merges/<int:merge_id>/undo",
        "/events/<int:event_id>/milestone", "/month/take-back", "/month/undo", "/cycles", "/cycles/<month>/return",
        "/cycles/<month>/reopen", "/cycles/<month>/close", "/cycles/<month>/remind", "/agreement/waiting",
        "/cycles/mails/<int:message_id>/again", "/invitations/<token>", "/resets/<token>",
        "/account/second-factor/confirm", "/account/second-factor/codes", "/account/second-factor/off",
        "/sign-in/code", "/answers/<int:mail_id>",
    },
    "says what stands": {
        "/account", "/account/password", "/account/sessions/<int:session_id>/end", "/account/sessions/end-others",
        "/subscriptions/<int:subscription_id>/rename", "/subscriptions/<int:subscription_id>/revoke",
        "/subscriptions/data/<int:subscription_id>/revoke", "/account/tokens/<int:token_id>/revoke",
        "/hand-outs/<int:token_id>/revoke", "/embeds/<int:embed_id>/revoke", "/agreement", "/agreement/records",
        "/activities/<int:activity_id>/agreement",
        "/events/<int:event_id>/agreement", "/overlaps/<int:first_id>/<int:second_id>/verdict", "/mandates",
        "/month/confirm", "/month/sign", "/cycles/<month>/answer", "/cycles/<month>/extend", "/cycles/<month>/due",
        "/sign-out", "/notices/new", "/language",
        "/events/<int:event_id>/invitations",
        "/events/<int:event_id>/invitations/<int:invitee_id>/remove",
        "/events/<int:event_id>/proposals/<int:proposal_id>/settle", "/invited/<token>/<int:number>/<word>",
        "/needs/<int:need_id>/offer", "/needs/<int:need_id>/agreement",
        "/messages/<int:message_id>/state", "/messages/<int:message_id>/agreement",
        "/remarks/<int:remark_id>/edit", "/remarks/<int:remark_id>/state",
        "/views/<int:view_id>", "/views/<int:view_id>/delete", "/views/<int:view_id>/start", "/watch",
        "/account/mails", "/silence/<token>",
    },
    "the newest counts": {"/sign-in", "/forgotten", "/account/second-factor"},
}  # fmt: skip


def test_every_route_states_its_access(sqlite_app: Flask) -> None:
    found = {
        (method, rule.rule): required_access(sqlite_app, rule.endpoint)
        for rule in sqlite_app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }
    assert found | {("GET", feed_app.ROUTE): feed_app.ACCESS} == ROUTES


def test_no_request_starts_a_thread_to_close_what_was_never_opened(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[threading.Thread] = []
    start = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", lambda thread: (begun.append(thread), start(thread)))
    assert sqlite_app.test_client().get("/healthz").status_code == 200
    assert begun == []


def test_feeds_are_served_before_the_pages_to_whoever_knows_the_address(sqlite_app: Flask) -> None:
    assert not [rule for rule in sqlite_app.url_map.iter_rules() if rule.rule.startswith("/feeds/")]
    response = sqlite_app.test_client().get(feed_app.ROUTE.replace("<token>", "nobodys"))
    assert (response.status_code, response.mimetype) == (404, "text/plain")


def test_every_form_says_why_it_is_one_act_when_sent_twice(sqlite_app: Flask) -> None:
    said = [rule for rules in ONCE.values() for rule in rules]
    assert sorted(said) == sorted(
        rule for (method, rule), access in ROUTES.items() if method == "POST" and access != "token"
    )
    keyed = {
        rule.rule
        for rule in sqlite_app.url_map.iter_rules()
        if getattr(sqlite_app.view_functions[rule.endpoint], "idempotent", False)
    }
    assert keyed == ONCE["key"]


def test_nobody_is_sent_to_sign_in_from_every_closed_route(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client()
    for (method, rule), access in ROUTES.items():
        if access in ("public", "token") or method != "GET":
            continue
        address = (
            rule.replace("<int:", "<")
            .replace("<activity_id>", "1")
            .replace("<event_id>", "1")
            .replace("<import_id>", "1")
            .replace("<person_id>", "1")
            .replace("<notice_id>", "1")
            .replace("<need_id>", "1")
            .replace("<message_id>", "1")
            .replace("<version_id>", "1")
            .replace("<remark_id>", "1")
            .replace("<view_id>", "1")
            .replace("<number>", "1")
            .replace("<first_id>", "1")
            .replace("<second_id>", "2")
        )
        response = client.get(address.replace("<year>", "2026").replace("<month>", "1"))
        assert response.status_code == 302, rule
        assert response.location.startswith("/sign-in"), rule
