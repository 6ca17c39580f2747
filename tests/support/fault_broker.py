"""A Kafka to be taken down and up: librdkafka's mock cluster, from the confluent-kafka wheel, as a child.

Run as a module it is the child: `python -m tests.support.fault_broker BROKERS TOPIC:PARTITIONS ...` prints
its bootstrap servers and then obeys lines on standard input: `down ID`, `up ID`. It ends with its input.

kafka-python must be given `api_version=API_VERSION`: the mock does not answer the newest version question.
"""

import ctypes
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

API_VERSION = (2, 3)


class FaultBroker:
    """The parent's handle on a mock cluster. Use it in a `with`; brokers are numbered from 1."""

    def __init__(self, topics: Mapping[str, int], brokers: int = 1) -> None:
        arguments = [f"{name}:{partitions}" for name, partitions in topics.items()]
        self._brokers = brokers
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fault_broker", str(brokers), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
        )
        self.bootstrap = self._answer()

    def __enter__(self) -> "FaultBroker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.communicate()  # its input ends, and so does it

    def down(self) -> None:
        """Every broker closes its connections and accepts none; what is stored stays."""
        self._tell_all("down")

    def up(self) -> None:
        self._tell_all("up")

    def _tell_all(self, word: str) -> None:
        assert self._child.stdin is not None
        for number in range(1, self._brokers + 1):
            self._child.stdin.write(f"{word} {number}\n")
            self._child.stdin.flush()
            assert self._answer() == "0", f"the mock cluster refused to take broker {number} {word}"

    def _answer(self) -> str:
        assert self._child.stdout is not None
        return self._child.stdout.readline().strip()


class _MockCluster:
    """librdkafka's C interface to its mock cluster, of which Python's binding shows nothing."""

    def __init__(self, brokers: int) -> None:
        self._library = _load()
        reason = ctypes.create_string_buffer(512)
        client = self._library.rd_kafka_new(0, self._library.rd_kafka_conf_new(), reason, len(reason))
        if not client:
            raise RuntimeError(reason.value.decode())
        self._cluster = self._library.rd_kafka_mock_cluster_new(client, brokers)

    def bootstrap(self) -> str:
        servers: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return servers.decode()

    def create_topic(self, name: str, partitions: int) -> None:
        self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), partitions, 1)

    def set_down(self, broker: int) -> int:
        return int(self._library.rd_kafka_mock_broker_set_down(self._cluster, broker))

    def set_up(self, broker: int) -> int:
        return int(self._library.rd_kafka_mock_broker_set_up(self._cluster, broker))


def _load() -> ctypes.CDLL:
    """The librdkafka beside the wheel's package, with the types of what we call."""
    import confluent_kafka

    folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    library = ctypes.CDLL(str(next(folder.glob("librdkafka-*.so.1"))))
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    types = {
        "rd_kafka_conf_new": (pointer, []),
        "rd_kafka_new": (pointer, [number, pointer, text, ctypes.c_size_t]),
        "rd_kafka_mock_cluster_new": (pointer, [pointer, number]),
        "rd_kafka_mock_cluster_bootstraps": (text, [pointer]),
        "rd_kafka_mock_topic_create": (number, [pointer, text, number, number]),
        "rd_kafka_mock_broker_set_down": (number, [pointer, ctypes.c_int32]),
        "rd_kafka_mock_broker_set_up": (number, [pointer, ctypes.c_int32]),
    }
    for name, (result, arguments) in types.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def main(brokers: str, *topics: str) -> None:
    cluster = _MockCluster(int(brokers))
    for topic in topics:
        name, _, partitions = topic.rpartition(":")
        cluster.create_topic(name, int(partitions))
    sys.stdout.write(f"{cluster.bootstrap()}\n")
    sys.stdout.flush()
    commands = {"down": cluster.set_down, "up": cluster.set_up}
    for line in sys.stdin:
        word, number = line.split()
        sys.stdout.write(f"{commands[word](int(number))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
