"""The `interagency` command. Each command is thin: safe to run twice, one line when it fails.

The commands stand by subject in the `cli_*` files beside this one, those of the search in its room. They import
what they need when they run, so that `--help` loads nothing.
"""

from __future__ import annotations

import click

from interagency.cli.account import account
from interagency.cli.api import api
from interagency.cli.calendar import calendar
from interagency.cli.cycle import check, cycle
from interagency.cli.data import backup_command, copy_command, restore_command
from interagency.cli.mail import mail
from interagency.cli.matrix import audience, export, import_
from interagency.cli.organisation import organisation
from interagency.cli.search import search
from interagency.cli.serve import serve
from interagency.cli.setup import db, demo, framework, init, run
from interagency.cli.signatures import keys, verify_command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="interagency", prog_name="interagency", message="%(prog)s %(version)s")
def main() -> None:
    """Matrix of activities, joint calendar and monthly cycle of the UN entities."""


for _command in (
    *(init, db, framework, demo, run, serve),
    *(account, api, organisation, audience, export, import_, calendar),
    *(cycle, mail, check, search),
    *(keys, verify_command),
    *(backup_command, restore_command, copy_command),
):
    main.add_command(_command)
