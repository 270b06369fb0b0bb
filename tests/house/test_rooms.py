"""The house keeps its order: imports point one way, every route states its access, documents keep up."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from flask import Flask

from interagency.calendar import feed_app
from interagency.cli import main
from interagency.settings import SETTINGS
from interagency.web import access_rule

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "interagency"
FLOORS = [
    {
        "settings", "database", "batches", "dates", "typed_dates", "zone_names", "words", "fulltext", "history", "mail",
        "registry", "logs", "arrivals", "web", "forms", "form_keys",
    },
    {"accounts"},
    {"matrix"},
    {"calendar"},
    {"exports"},
    {p.stem for p in PACKAGE.glob("*.py")} | {"sample", "search"},
]  # fmt: skip
# Within a package each folder imports only those to its left.
ORDERS = {
    "matrix": (
        "framework", "organisations", "activities", "agreement", "overlaps", "cycles", "overview", "pages",
    ),
}  # fmt: skip

ROUTES = {
    ("GET", "/"): "signed in",
    ("GET", "/healthz"): "public",
    ("GET", "/readyz"): "public",
    ("GET", "/static/<path:filename>"): "public",
    ("GET", "/sign-in"): "public",
    ("POST", "/sign-in"): "public",
    ("POST", "/sign-out"): "public",
    ("GET", "/account"): "signed in",
    ("POST", "/account"): "signed in",
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
    ("GET", "/subscriptions"): "signed in",
    ("POST", "/subscriptions"): "signed in",
    ("POST", "/subscriptions/<int:subscription_id>/rename"): "signed in",
    ("POST", "/subscriptions/<int:subscription_id>/reset"): "signed in",
    ("POST", "/subscriptions/<int:subscription_id>/revoke"): "signed in",
    ("GET", "/feeds/<token>.ics"): "public",
    ("GET", "/exports/matrix.xlsx"): "signed in",
    ("GET", "/exports/matrix.csv"): "signed in",
    ("GET", "/exports/matrix.json"): "signed in",
    ("GET", "/exports/calendar.csv"): "signed in",
    ("GET", "/exports/calendar.json"): "signed in",
    ("GET", "/exports/dictionary"): "signed in",
    ("GET", "/calendar/<int:year>"): "signed in",
    ("GET", "/calendar/week/<day>"): "signed in",
    ("GET", "/events/preview"): "signed in",
    ("GET", "/events/<int:event_id>/occurrences"): "signed in",
    ("POST", "/events/<int:event_id>/occurrences"): "signed in",
    ("POST", "/events/<int:event_id>/milestone"): "signed in",
    ("GET", "/activities/<int:activity_id>/milestones"): "signed in",
    ("POST", "/activities/<int:activity_id>/milestones"): "signed in",
    ("GET", "/imports/calendar"): "signed in",
    ("POST", "/imports/calendar"): "signed in",
    ("GET", "/imports/calendar/<int:import_id>"): "signed in",
    ("POST", "/imports/calendar/<int:import_id>"): "signed in",
    ("POST", "/imports/calendar/<int:import_id>/undo"): "signed in",
    ("GET", "/imports"): "signed in",
    ("POST", "/imports"): "signed in",
    ("GET", "/imports/<int:import_id>"): "signed in",
    ("POST", "/imports/<int:import_id>"): "signed in",
    ("POST", "/imports/<int:import_id>/columns"): "signed in",
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
    ("POST", "/month/participation"): "signed in",
    ("POST", "/month/end"): "signed in",
    ("GET", "/cycles"): "coordinator",
    ("POST", "/cycles"): "coordinator",
    ("POST", "/cycles/mails/<int:message_id>/again"): "coordinator",
    ("GET", "/cycles/<month>"): "coordinator",
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
}

# Why a form that is sent twice is one act: docs/decisions/009-forms-sent-twice.md tells what the words mean.
ONCE = {
    "key": {
        "/activities/new", "/activities/<int:activity_id>/milestones", "/events/new",
        "/events/<int:event_id>/occurrences", "/subscriptions", "/subscriptions/<int:subscription_id>/reset",
        "/editions/<month>/hand-out", "/people", "/people/<int:person_id>", "/imports",
        "/imports/<int:import_id>/columns", "/imports/calendar",
    },
    "version": {
        "/activities/<int:activity_id>/edit", "/events/<int:event_id>/edit", "/month/participation", "/month/end",
        "/overlaps/<int:first_id>/<int:second_id>/join", "/overlaps/<int:first_id>/<int:second_id>/merge",
    },
    "state": {
        "/imports/<int:import_id>", "/imports/<int:import_id>/undo", "/imports/calendar/<int:import_id>",
        "/imports/calendar/<int:import_id>/undo", "/activities/<int:activity_id>/merges/<int:merge_id>/undo",
        "/events/<int:event_id>/milestone", "/month/take-back", "/cycles", "/cycles/<month>/return",
        "/cycles/<month>/reopen", "/cycles/<month>/close", "/cycles/<month>/remind", "/agreement/waiting",
        "/cycles/mails/<int:message_id>/again", "/invitations/<token>", "/resets/<token>",
        "/account/second-factor/confirm", "/account/second-factor/codes", "/account/second-factor/off",
        "/sign-in/code",
    },
    "says what stands": {
        "/account", "/account/password", "/account/sessions/<int:session_id>/end", "/account/sessions/end-others",
        "/subscriptions/<int:subscription_id>/rename", "/subscriptions/<int:subscription_id>/revoke",
        "/hand-outs/<int:token_id>/revoke", "/agreement", "/agreement/records",
        "/activities/<int:activity_id>/agreement",
        "/events/<int:event_id>/agreement", "/overlaps/<int:first_id>/<int:second_id>/verdict", "/mandates",
        "/month/confirm", "/month/sign", "/cycles/<month>/answer", "/cycles/<month>/extend", "/cycles/<month>/due",
        "/sign-out",
    },
    "the newest counts": {"/sign-in", "/forgotten", "/account/second-factor"},
}  # fmt: skip


def floor_of(name: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if name in rooms)


def statements_of(node: ast.AST) -> Iterator[ast.AST]:
    """Everything below `node` but what is imported for type checkers only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            children: list[ast.AST] = list(child.orelse)
        else:
            children = [child]
        for one in children:
            yield one
            yield from statements_of(one)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py")) if "migrations" not in path.parts}


@cache
def imported_by(module: str) -> frozenset[str]:
    """The modules of the package that `module` imports, anywhere in its file."""
    names: set[str] = set()
    for node in statements_of(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = (f"{node.module}.{alias.name}" for alias in node.names)
            names |= {name if name in MODULES else node.module for name in inner}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return frozenset(names & MODULES.keys() - {module})


def imported_rooms(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imported_by(module_name(path)) if "." in name}


def test_what_is_installed_imports_neither_benchmarks_nor_tests() -> None:
    for module, path in MODULES.items():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import) (bench|tests)\b", text, re.MULTILINE), module


def test_no_room_imports_a_room_to_its_right() -> None:
    wrong = []
    for module, path in MODULES.items():
        own = [*module.split("."), "__init__"][1]
        wrong += [
            f"{module} may not know {name}"
            for name in sorted(imported_rooms(path))
            if floor_of(name) > floor_of(own) or (floor_of(own) == 0 and floor_of(name) != 0)
        ]
    assert wrong == []


@pytest.mark.parametrize("package", ORDERS)
def test_inside_a_package_folders_import_only_those_to_their_left(package: str) -> None:
    order = ORDERS[package]
    inside = {module: module.split(".")[2] for module in MODULES if module.startswith(f"interagency.{package}.")}
    assert set(inside.values()) == set(order), "every module stands in a folder of the order"
    for module, folder in inside.items():
        for name in imported_by(module) & inside.keys():
            assert order.index(inside[name]) <= order.index(folder), f"{module} may not know {name}"


def test_no_files_import_each_other_in_a_circle() -> None:
    try:
        TopologicalSorter({module: imported_by(module) for module in MODULES}).prepare()
    except CycleError as circle:
        pytest.fail(" -> ".join(circle.args[1]))


def test_every_route_states_its_access(sqlite_app: Flask) -> None:
    found = {
        (method, rule.rule): access_rule(sqlite_app, rule.endpoint)
        for rule in sqlite_app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }
    assert found | {("GET", feed_app.ROUTE): feed_app.ACCESS} == ROUTES


def test_feeds_are_served_before_the_pages_to_whoever_knows_the_address(sqlite_app: Flask) -> None:
    assert not [rule for rule in sqlite_app.url_map.iter_rules() if rule.rule.startswith("/feeds/")]
    response = sqlite_app.test_client().get(feed_app.ROUTE.replace("<token>", "nobodys"))
    assert (response.status_code, response.mimetype) == (404, "text/plain")


def test_every_form_says_why_it_is_one_act_when_sent_twice(sqlite_app: Flask) -> None:
    said = [rule for rules in ONCE.values() for rule in rules]
    assert sorted(said) == sorted(rule for method, rule in ROUTES if method == "POST")
    keyed = {
        rule.rule
        for rule in sqlite_app.url_map.iter_rules()
        if getattr(sqlite_app.view_functions[rule.endpoint], "makes_anew", False)
    }
    assert keyed == ONCE["key"]


def test_nobody_is_sent_to_sign_in_from_every_closed_route(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client()
    for (method, rule), access in ROUTES.items():
        if access == "public" or method != "GET":
            continue
        address = (
            rule.replace("<int:", "<")
            .replace("<activity_id>", "1")
            .replace("<event_id>", "1")
            .replace("<import_id>", "1")
            .replace("<person_id>", "1")
            .replace("<first_id>", "1")
            .replace("<second_id>", "2")
        )
        response = client.get(address.replace("<year>", "2026").replace("<month>", "1"))
        assert response.status_code == 302, rule
        assert response.location.startswith("/sign-in"), rule


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for setting in SETTINGS:
        assert f"`{setting.variable}`" in text, setting.variable


def test_every_command_is_documented() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, command in main.commands.items():
        for leaf in getattr(command, "commands", {"": None}):
            assert f"interagency {name} {leaf}".strip() in text, f"{name} {leaf}"


def test_templates_have_no_inline_style_or_script() -> None:
    for path in PACKAGE.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert " style=" not in text, path
        assert " onclick=" not in text, path
        assert "<script>" not in text, path
        assert "http://" not in text.replace("http://www.w3.org", ""), path


def test_lock_files_name_no_index() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "--index" not in text, path
        assert "://" not in text, path
        assert "--hash=sha256:" in text, path
