"""Prometheus is told how the service does: all workers together, no word that names a person or a record."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable

import pytest
import requests
from click.testing import CliRunner
from prometheus_client.parser import text_string_to_metric_families

from interagency.cli import main
from interagency.settings import SettingError
from tests.conftest import make_settings
from tests.served import Served, Visitor, free_port


@pytest.fixture(scope="module")
def served(serve: Callable[..., Served]) -> Served:
    port = free_port()
    return serve(METRICS_BIND=f"127.0.0.1:{port}")


def measures(served: Served) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample by name and labels."""
    for _ in range(100):
        try:
            text = requests.get(f"http://{served.more['METRICS_BIND']}/metrics", timeout=5).text
            break
        except requests.ConnectionError:
            time.sleep(0.1)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found: dict[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str) -> float:
    return found.get((name, frozenset(labels.items())), 0)


def test_requests_of_all_workers_are_counted_together(served: Served) -> None:
    labels = {"endpoint": "accounts.sign_in", "method": "GET", "status": "200"}
    before = value(measures(served), "interagency_requests_total", **labels)
    for _ in range(30):
        requests.get(f"{served.address}/sign-in", timeout=10)
    found = measures(served)
    assert value(found, "interagency_requests_total", **labels) == before + 30
    took = {"endpoint": "accounts.sign_in", "method": "GET"}
    assert value(found, "interagency_request_seconds_count", **took) == before + 30
    assert value(found, "interagency_database_up") == 1


def test_a_worker_that_dies_takes_no_count_with_it(served: Served) -> None:
    before = sum(number for (name, _), number in measures(served).items() if name == "interagency_requests_total")
    os.kill(served.worker_ids()[0], signal.SIGKILL)
    served.wait()
    found = measures(served)
    assert sum(number for (name, _), number in found.items() if name == "interagency_requests_total") > before
    assert value(found, "interagency_database_connections_in_use") == 0


def test_connections_that_feeds_keep_are_not_counted_as_held_by_a_request(served: Served) -> None:
    visitor = Visitor(served.address)
    for _time in range(6):
        assert visitor.get("/feeds/PlantedToken.ics").status_code == 404
    assert value(measures(served), "interagency_database_connections_in_use") == 0


def test_feeds_are_counted_with_what_was_asked(served: Served) -> None:
    visitor = Visitor(served.address).sign_in("who@example.org")
    page = visitor.post("/subscriptions", {"name": "Mine"})
    found_address = re.search(r"/feeds/[^\"'<\s]+\.ics", page.text)
    assert found_address
    took = {"endpoint": "subscriptions.feed", "method": "GET"}
    before = value(measures(served), "interagency_request_seconds_count", **took)  # others asked for feeds, too
    first = visitor.get(found_address[0])
    assert visitor.get(found_address[0], headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    found = measures(served)
    assert value(found, "interagency_feed_requests_total", conditional="no", status="200") == 1
    assert value(found, "interagency_feed_requests_total", conditional="yes", status="304") == 1
    for _ in range(6):  # both workers have it at hand by then
        assert visitor.get(found_address[0]).status_code == 200
    found = measures(served)
    assert value(found, "interagency_feed_requests_total", conditional="no", status="200") == 7
    for status, number in (("200", 7), ("304", 1)):
        labels = {"endpoint": "subscriptions.feed", "method": "GET", "status": status}
        assert value(found, "interagency_requests_total", **labels) == number
    assert value(found, "interagency_request_seconds_count", **took) == before + 8


def test_backup_and_month_are_seen(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(served.folder)
    for name, text in served.more.items():
        monkeypatch.setenv(f"INTERAGENCY_{name}", text)
    assert value(measures(served), "interagency_last_backup_timestamp_seconds") == 0
    result = CliRunner().invoke(main, ["backup", str(served.folder / "one.backup")])
    assert result.exit_code == 0, result.output
    assert CliRunner().invoke(main, ["cycle", "open", "2026-08"]).exit_code == 0
    found = measures(served)
    assert abs(value(found, "interagency_last_backup_timestamp_seconds") - time.time()) < 60
    assert value(found, "interagency_cycle_expected", month="2026-08") == 11
    assert value(found, "interagency_cycle_answered", month="2026-08") == 0
    assert ("interagency_outbox_waiting", frozenset()) in found


def test_labels_are_words_of_ours(served: Served) -> None:
    visitor = Visitor(served.address)
    visitor.get("/feeds/PlantedToken.ics")
    visitor.get("/planted?x=planted")
    visitor.session.request("PLANTED", served.address + "/activities/77", timeout=10)
    for name, labels in measures(served):
        for key, text in labels:
            assert "planted" not in text.lower(), (name, key, text)
            assert key in ("month", "le") or not re.search(r"\d{2,}", text) or key == "status", (name, key, text)


def test_the_pages_do_not_serve_the_measures(served: Served) -> None:
    assert Visitor(served.address).sign_in("admin@example.org").get("/metrics").status_code == 404


def test_they_end_with_the_service_however_it_ends(serve: Callable[..., Served]) -> None:
    served = serve(METRICS_BIND=f"127.0.0.1:{free_port()}", workers=1)
    measures(served)
    assert served.process is not None
    os.kill(served.process.pid, signal.SIGKILL)  # the first process alone
    for _ in range(100):
        try:
            requests.get(f"http://{served.more['METRICS_BIND']}/metrics", timeout=5)
        except requests.ConnectionError:
            return
        except requests.Timeout:
            continue  # ending, and slow about it
        time.sleep(0.1)
    pytest.fail("the measures are still served")


@pytest.mark.parametrize("text", ["9200", "127.0.0.1", "127.0.0.1:99999", ":x"])
def test_a_place_that_is_none_is_refused_in_words(text: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SettingError, match=r"INTERAGENCY_METRICS_BIND .*127\.0\.0\.1:9200"):
        make_settings(tmp_path, METRICS_BIND=text)
