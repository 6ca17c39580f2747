"""The command group that the other rooms hang their commands on."""

import click

from songban import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, package_name="songban")
def cli() -> None:
    """Sóng Bản: smartphone support for upland households, from application to audit."""
