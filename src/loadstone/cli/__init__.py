"""The command line: `loadstone COMMAND MODEL`. One file per command; what they share is in exits, custom, tables and answers."""

import click

from loadstone.cli.audit import audit
from loadstone.cli.convert import convert
from loadstone.cli.demo import demo
from loadstone.cli.diff import diff
from loadstone.cli.doctor import doctor
from loadstone.cli.env import env
from loadstone.cli.exits import EXIT_CODES, Commands
from loadstone.cli.inspect import inspect
from loadstone.cli.predict import predict
from loadstone.cli.profile import profile
from loadstone.cli.record import record
from loadstone.cli.stub import stub
from loadstone.cli.summary import summary
from loadstone.cli.verify import verify


@click.group(cls=Commands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="loadstone")
def main() -> None:
    """Open saved Keras and TensorFlow models without TensorFlow, and run them."""


for command in (audit, summary, inspect, predict, convert, diff, verify, record, doctor, env, profile, stub, demo):
    main.add_command(command)
