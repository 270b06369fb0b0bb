"""The rules of the IATI standard ruleset 2.03 for activities whose breach is an error, and of its warnings those about
identifiers. Written anew after the published ones, each under its number there; paths are XPath."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from lxml import etree

LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
ACTIVITY = "/iati-activities/iati-activity"
Check = Callable[[etree._Element], bool]


def values(element: Any, path: str) -> list[str]:
    """The texts of what `path` finds, attributes and elements alike."""
    found = element.xpath(path)
    return [str(one) if isinstance(one, str) else "".join(one.itertext()) for one in found]


def today() -> date:
    return datetime.now(UTC).date()


# --- The kinds of rules ---


def atleast_one(*paths: str, condition: str = "true()") -> Check:
    return lambda one: not _holds(one, condition) or any(one.xpath(path) for path in paths)


def no_more_than_one(*paths: str) -> Check:
    return lambda one: sum(len(one.xpath(path)) for path in paths) <= 1


def unique(*paths: str) -> Check:
    def check(one: Any) -> bool:
        said = [value for path in paths for value in values(one, path)]
        return len(said) == len(set(said))

    return check


def startswith(path: str, *prefixes: str, separator: str) -> Check:
    def check(one: Any) -> bool:
        offered = [prefix for path in prefixes for prefix in values(one, path)]
        return all(any(said.startswith(prefix + separator) for prefix in offered) for said in values(one, path))

    return check


def regex_matches(path: str, pattern: str) -> Check:
    return lambda one: all(re.search(pattern, said) for said in values(one, path))


def no_spaces(path: str) -> Check:
    return lambda one: all(said == said.strip() for said in values(one, path))


def one_or_all(attribute: str, elements: str) -> Check:
    """The activity says it, or each of `elements` does."""
    return lambda one: (
        one.get(attribute) is not None
        or all(element.get(attribute.replace("default-", "")) is not None for element in one.xpath(elements))
    )


def date_order(less: str, more: str) -> Check:
    def days(one: Any, path: str) -> list[date]:
        return [today()] if path == "NOW" else [date.fromisoformat(said) for said in values(one, path)]

    return lambda one: all(first <= last for first in days(one, less) for last in days(one, more))


def date_now(path: str) -> Check:
    return lambda one: all(datetime.fromisoformat(said) <= datetime.now(UTC) for said in values(one, path))


def time_limit(start: str, end: str) -> Check:
    def check(one: Any) -> bool:
        (first,), (last,) = values(one, start), values(one, end)
        return (date.fromisoformat(last) - date.fromisoformat(first)).days <= 366

    return check


def range_(path: str) -> Check:
    return lambda one: all(0 <= Decimal(said) <= 100 for said in values(one, path))


def strict_sum(*paths: str, condition: str) -> Check:
    def check(one: Any) -> bool:
        return not _holds(one, condition) or sum(Decimal(s) for path in paths for s in values(one, path)) == 100

    return check


def if_then(when: str, then: str) -> Check:
    return lambda one: not _holds(one, when) or _holds(one, then)


def loop(foreach: str, make: Callable[[str], Check]) -> Check:
    return lambda one: all(make(value)(one) for value in sorted(set(values(one, foreach))))


def _holds(element: Any, expression: str) -> bool:
    return bool(element.xpath(f"boolean({expression})"))


# --- The rules ---

_DAC = "sector[@vocabulary='' or @vocabulary='1' or not(@vocabulary)]"
_OWN = "sector[@vocabulary=98 or @vocabulary=99]"
_PLACES = "recipient-country or recipient-region"
_MONEY = "transaction/value | budget/value | planned-disbursement/value"
_NUMERIC = f"{ACTIVITY}/result/indicator[@measure='1' or @measure='2' or @measure='3' or @measure='4']"
_PERIOD = ("period-start/@iso-date", "period-end/@iso-date")


def _sector(name: str) -> str:
    return f"sector[@vocabulary = '{name}']"


def _region(name: str) -> str:
    return f"recipient-region[@vocabulary = '{name}']"


RULES: tuple[tuple[str, str, Check], ...] = (
    ("1.1.3", ACTIVITY, unique("reporting-org/@ref", "iati-identifier")),
    ("1.1.21", ACTIVITY, startswith("iati-identifier", "reporting-org/@ref", separator="-")),
    ("1.3.1", ACTIVITY, no_spaces("iati-identifier")),
    ("1.3.13", ACTIVITY, regex_matches("iati-identifier", r"^[^/&|?]+$")),
    ("1.8.1", f"{ACTIVITY}/participating-org", no_spaces("@ref")),
    ("1.14.1", ACTIVITY, no_spaces("reporting-org/@ref")),
    ("2.1.1", ACTIVITY, if_then(f"count({_DAC}) > 1", f"count({_DAC}) = count({_DAC}/@percentage)")),
    ("2.1.1 others", ACTIVITY, loop(
        "sector[@vocabulary != '1']/@vocabulary",
        lambda v: if_then(f"count({_sector(v)}) > 1", f"count({_sector(v)}) = count({_sector(v)}/@percentage)"),
    )),
    ("2.1.2", ACTIVITY, strict_sum(f"{_DAC}/@percentage", condition=f"count({_DAC}/@percentage) > 1")),
    ("2.1.2 others", ACTIVITY, loop(
        "sector[@vocabulary != '1']/@vocabulary",
        lambda v: strict_sum(f"{_sector(v)}/@percentage", condition=f"count({_sector(v)}) > 1"),
    )),
    ("2.1.4", ACTIVITY, if_then(f"count({_DAC}) = 1", f"not({_DAC}/@percentage) or {_DAC}/@percentage = 100")),
    ("2.1.4 others", ACTIVITY, loop(
        "sector[@vocabulary != '1']/@vocabulary",
        lambda v: if_then(
            f"count({_sector(v)}) = 1", f"not({_sector(v)}/@percentage) or {_sector(v)}/@percentage = 100"
        ),
    )),
    ("2.2.1", ACTIVITY, if_then(f"count({_OWN}) > 0", f"count({_OWN}/narrative) >= count({_OWN})")),
    ("3.1.1", ACTIVITY, if_then(
        "count(recipient-country) > 1 and not(recipient-region)",
        "count(recipient-country) = count(recipient-country/@percentage)",
    )),
    ("3.1.2", ACTIVITY, strict_sum(
        "recipient-country/@percentage", condition="count(recipient-country) > 1 and not(recipient-region)"
    )),
    ("3.1.4", ACTIVITY, if_then(
        "count(recipient-country) = 1 and not(recipient-region)",
        "not(recipient-country/@percentage) or recipient-country/@percentage = 100",
    )),
    ("3.4.1", ACTIVITY, loop(
        "recipient-region/@vocabulary",
        lambda v: if_then(f"count({_region(v)}) > 1", f"count({_region(v)}) = count({_region(v)}/@percentage)"),
    )),
    ("3.4.2", ACTIVITY, loop(
        "recipient-region/@vocabulary",
        lambda v: strict_sum(
            f"{_region(v)}/@percentage", "recipient-country/@percentage",
            condition=f"count({_region(v)}) + count(recipient-country) > 1",
        ),
    )),
    ("3.4.4", ACTIVITY, loop(
        "recipient-region/@vocabulary",
        lambda v: if_then(
            f"count({_region(v)}) = 1 and not(recipient-country)",
            f"not({_region(v)}/@percentage) or {_region(v)}/@percentage = 100",
        ),
    )),
    ("3.6.2", ACTIVITY, if_then(_PLACES, "not(transaction/recipient-country or transaction/recipient-region)")),
    ("3.7.1", ACTIVITY, if_then(f"not({_PLACES})", f"transaction[{_PLACES}]")),
    ("3.7.2", ACTIVITY, if_then(f"not({_PLACES})", f"not(transaction[not({_PLACES})])")),
    ("4.1.1", ACTIVITY, one_or_all(LANGUAGE, ".//narrative")),
    ("4.3.1", "//title", atleast_one("narrative/text()")),
    ("4.4.1", "//description", atleast_one("narrative/text()")),
    ("6.2.2", ACTIVITY, atleast_one("sector", "transaction/sector")),
    ("6.6.2", ACTIVITY, if_then("count(sector) > 0", "count(transaction/sector) < 1")),
    ("6.7.2", ACTIVITY, if_then("not(sector)", "not(transaction[not(sector)])")),
    ("6.8.1", f"{ACTIVITY}/other-identifier/owner-org", atleast_one("@ref", "narrative")),
    ("6.9.1", f"{ACTIVITY}/transaction/provider-org | {ACTIVITY}/planned-disbursement/provider-org",
     atleast_one("@ref", "narrative")),
    ("6.9.2", f"{ACTIVITY}/transaction/receiver-org | {ACTIVITY}/planned-disbursement/receiver-org",
     atleast_one("@ref", "narrative")),
    ("6.10.1", f"{ACTIVITY}/participating-org", atleast_one("@ref", "narrative")),
    ("6.11.1", ACTIVITY, atleast_one("activity-date[@type='1' or @type='2']")),
    ("6.13.1", f"{ACTIVITY}/policy-marker", atleast_one("narrative", condition="@vocabulary='99'")),
    ("6.14.1", f"{ACTIVITY}/policy-marker", atleast_one(
        "@significance", condition="@vocabulary='1' or @vocabulary = '' or not(@vocabulary)"
    )),
    ("7.5.3", f"{ACTIVITY}/budget", time_limit(*_PERIOD)),
    ("7.8.1", ACTIVITY, one_or_all("default-currency", _MONEY)),
    ("8.6.1", f"{ACTIVITY}/result/indicator/period", date_order(*_PERIOD)),
    ("8.6.3", f"{ACTIVITY}/budget | {ACTIVITY}/planned-disbursement", date_order(*_PERIOD)),
    ("8.8.1", f"{_NUMERIC}/baseline", atleast_one("@value")),
    ("8.9.1", f"{_NUMERIC}/period/target", atleast_one("@value")),
    ("8.10.1", f"{_NUMERIC}/period/actual", atleast_one("@value")),
    ("8.10.2", f"{_NUMERIC}/period/actual", if_then("@value", "number(@value) = @value")),
    ("8.11.1", f"{ACTIVITY}/result/indicator", no_more_than_one("reference[1]", "../reference[1]")),
    ("11.1.1", ACTIVITY, date_now("@last-updated-datetime")),
    ("11.1.2", ACTIVITY, date_order("activity-date[@type='1']/@iso-date", "activity-date[@type='3']/@iso-date")),
    ("11.1.3", ACTIVITY, date_order("activity-date[@type='2']/@iso-date", "activity-date[@type='4']/@iso-date")),
    ("11.1.4", ACTIVITY, date_order("activity-date[@type='2']/@iso-date", "NOW")),
    ("11.1.5", ACTIVITY, date_order("activity-date[@type='4']/@iso-date", "NOW")),
    ("11.2.1", ACTIVITY, date_order("transaction/transaction-date/@iso-date", "NOW")),
    ("11.2.2", ACTIVITY, date_order("transaction/value/@value-date", "NOW")),
    ("12.1.1", ACTIVITY, range_("recipient-country/@percentage | recipient-region/@percentage")),
    ("12.2.1", ACTIVITY, range_("capital-spend/@percentage | country-budget-items/budget-item/@percentage")),
    ("12.3.1", ACTIVITY, range_("sector/@percentage")),
)  # fmt: skip


def broken(root: etree._Element) -> Iterator[str]:
    """The numbers of the rules that a file breaks."""
    tree: Any = root.getroottree()
    for number, where, check in RULES:
        if not all(check(element) for element in tree.xpath(where)):
            yield number
