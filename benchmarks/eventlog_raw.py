"""What the event log port costs beside the bare client: records per second and microseconds of CPU each.

For Kafka the bare client is kafka-python alone (send, wait for all; poll); for the embedded log it is COPY
and SELECT in one session. The broker is started for the run and shares the machine's cores.
"""

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from shared.eventlog import EventLog, Record, Topic, connect
from songban.kafka import KafkaBroker
from songban.postgres import EmbeddedPostgres, free_port

PARTITIONS = 12
BATCH = 500

Result = dict[str, float]


def measured(records: int, work: Callable[[], None]) -> Result:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "records_per_second": round(records / wall),
        "microseconds": round(wall / records * 1e6, 1),
        "client_cpu_microseconds": round(cpu / records * 1e6, 1),
    }


def make_records(topic: str, number: int, size: int) -> list[Record]:
    """Four records for each key, as one household has; values that do not compress to nothing."""
    rng = random.Random(7)
    values = [rng.randbytes(size // 2).hex().encode() for _ in range(50)]
    keys = [str(uuid4()) for _ in range(number // 4 + 1)]
    return [Record(topic, keys[index // 4], values[index % 50]) for index in range(number)]


def batches(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    for start in range(0, len(records), BATCH):
        yield records[start : start + BATCH]


def port_produce(log: EventLog, records: Sequence[Record]) -> Result:
    with closing(log.producer()) as producer:
        producer.send([Record(records[0].topic, "warm", b"")])

        def work() -> None:
            for batch in batches(records):
                producer.send(batch)

        return measured(len(records), work)


def port_consume(log: EventLog, topic: str, number: int) -> Result:
    """Polls of 500, each committed, from the moment the first records have come."""
    with closing(log.consumer(f"bench-{uuid4()}", [topic])) as consumer:
        seen = 0
        while not seen:
            seen = len(consumer.poll(0.5, BATCH))
        rest = number - seen

        def work() -> None:
            left = rest
            while left > 0:
                left -= len(consumer.poll(1.0, BATCH))
                consumer.commit()

        return measured(rest, work)


def raw_kafka(bootstrap: str, topic: str, records: Sequence[Record]) -> dict[str, Result]:
    from kafka import KafkaConsumer, KafkaProducer

    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=5, batch_size=262_144)
    producer.partitions_for(topic)

    def produce() -> None:
        for batch in batches(records):
            futures = [producer.send(topic, record.value, record.key.encode()) for record in batch]
            for future in futures:
                future.get(30)

    produced = measured(len(records), produce)
    producer.close()
    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest")
    first = sum(map(len, consumer.poll(5000, 1).values()))

    def consume() -> None:
        left = len(records) - first
        while left > 0:
            left -= sum(map(len, consumer.poll(1000, BATCH).values()))

    consumed = measured(len(records) - first, consume)
    consumer.close()
    return {"raw produce": produced, "raw consume": consumed}


def raw_postgres(database_url: str, records: Sequence[Record]) -> dict[str, Result]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bare (id bigint PRIMARY KEY, key text, value bytea)")
        numbers = iter(range(len(records)))

        def produce() -> None:
            for batch in batches(records):
                with (
                    connection.cursor() as cursor,
                    cursor.copy("COPY bare FROM STDIN (FORMAT BINARY)") as copy,
                ):
                    copy.set_types(["int8", "text", "bytea"])
                    for record in batch:
                        copy.write_row((next(numbers), record.key, record.value))

        def consume() -> None:
            select = "SELECT * FROM bare WHERE id >= %s ORDER BY id LIMIT %s"
            for start in range(0, len(records), BATCH):
                connection.cursor(binary=True).execute(select, [start, BATCH]).fetchall()

        return {
            "raw produce": measured(len(records), produce),
            "raw consume": measured(len(records), consume),
        }


@contextmanager
def started(broker: str, directory: Path) -> Iterator[Any]:
    server: Any
    if broker == "kafka":
        server = KafkaBroker(directory / "kafka", free_port(), free_port())
    else:
        server = EmbeddedPostgres(directory / "postgres")
    server.start()
    try:
        yield server
    finally:
        server.stop()


def run(broker: str, number: int, size: int) -> dict[str, Result]:
    with tempfile.TemporaryDirectory() as folder, started(broker, Path(folder)) as server:
        address = {
            "bootstrap": getattr(server, "bootstrap", None),
            "database_url": getattr(server, "url", None),
        }
        log = connect(broker, client_id="benchmark", **address)
        log.ensure_topics([Topic("bench", PARTITIONS), Topic("bare", PARTITIONS)])
        records = make_records("bench", number, size)
        results = {
            "port produce": port_produce(log, records),
            "port consume": port_consume(log, "bench", number),
        }
        bare = raw_kafka(server.bootstrap, "bare", records) if broker == "kafka" else None
        return results | (bare or raw_postgres(server.url, records))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", choices=["kafka", "embedded"], default="embedded")
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--size", type=int, default=1700, help="bytes of each value")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    results = run(arguments.broker, arguments.records, arguments.size)
    if arguments.json:
        print(json.dumps({"broker": arguments.broker, "cores": os.cpu_count(), **results}))
        return
    for name, result in results.items():
        print(f"{arguments.broker:9} {name:13}", "  ".join(f"{k}={v:,}" for k, v in result.items()))


if __name__ == "__main__":
    main()
