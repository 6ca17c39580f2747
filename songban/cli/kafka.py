"""`songban kafka`: a broker of one's own, without Docker."""

from pathlib import Path

import click

from songban.cli.group import cli
from songban.cli.options import DATA


@cli.group()
def kafka() -> None:
    """One Apache Kafka broker on this machine, without Docker, for development and tests."""


@kafka.command("start")
@DATA
@click.option(
    "--port", default=9092, show_default=True, help="The port that clients connect to, on 127.0.0.1."
)
def kafka_start(data: Path, port: int) -> None:
    """Fetch Kafka's jars with Maven if need be, format the storage when new, and start one KRaft broker."""
    from songban.kafka import KafkaBroker, KafkaNotRunnable

    broker = KafkaBroker((data / "kafka").resolve(), port, port + 1)
    try:
        broker.start()
    except KafkaNotRunnable as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"kafka answers on {broker.bootstrap}; for the services set:")
    click.echo(f"  SONGBAN_BROKER=kafka SONGBAN_KAFKA_BOOTSTRAP={broker.bootstrap}")


@kafka.command("stop")
@DATA
def kafka_stop(data: Path) -> None:
    """Stop the broker that `songban kafka start` started on the same --data."""
    from songban.kafka import KafkaBroker

    KafkaBroker((data / "kafka").resolve()).stop()
    click.echo("kafka is stopped")
