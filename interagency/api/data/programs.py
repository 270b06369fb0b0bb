"""How other programs are told to fetch a table: a file for Power BI, and lines to paste."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lines:
    """What is pasted into each program to have one table."""

    power_query: str
    google_sheets: str
    python: str
    r: str


def power_bi_file(address: str) -> str:
    """A `.pbids` file: opened by Power BI Desktop it asks for the table at `address`."""
    connection = {"details": {"protocol": "http", "address": {"url": address}}, "mode": "Import"}
    return json.dumps({"version": "0.1", "connections": [connection]}, indent=2)


def lines_for(address: str) -> Lines:
    """The lines for the table at `address`, which holds no quotation mark."""
    return Lines(
        power_query="\n".join(
            (
                "let",
                f'    Fetched = Csv.Document(Web.Contents("{address}"),',
                '        [Delimiter = ",", Encoding = 65001, QuoteStyle = QuoteStyle.Csv]),',
                "    Table = Table.PromoteHeaders(Fetched, [PromoteAllScalars = true])",
                "in",
                "    Table",
            )
        ),
        google_sheets=f'=IMPORTDATA("{address}")',
        python=f'import pandas; activities = pandas.read_csv("{address}")',
        r=f'activities <- read.csv("{address}", fileEncoding = "UTF-8-BOM")',
    )
