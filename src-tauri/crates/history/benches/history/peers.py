"""What other stores do with the samples of the benchmark.

`peers.py NAME MIX ONE FOLDER`: NAME is `duckdb` or `victoria-metrics`; MIX and ONE are files of packed (u32 tag, i64 time in ms, f64
value), the mix in order of time and the one tag; FOLDER is empty and may be filled. Prints a line a figure: what, a tab, how much.
"""

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time

import numpy

RECORD = numpy.dtype([("tag", "<u4"), ("time", "<i8"), ("value", "<f8")])
CHUNK = 1_000_000
POINTS = 2_000


def chunks(path):
    records = numpy.memmap(path, dtype=RECORD, mode="r")
    for begin in range(0, len(records), CHUNK):
        yield records[begin : begin + CHUNK]


def tell(what, figure):
    print(f"{what}\t{figure}", flush=True)


def median_ms(ask):
    took = []
    for _ in range(5):
        begun = time.perf_counter()
        ask()
        took.append((time.perf_counter() - begun) * 1_000)
    return statistics.median(took)


def size(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(path) for name in names)


def duckdb(mix, one, folder):
    import duckdb

    def fill(path, file):
        store = duckdb.connect(path)
        store.execute("CREATE TABLE samples (tag UINTEGER, time BIGINT, value DOUBLE)")
        took, rows = 0, 0
        for records in chunks(file):
            chunk = {name: numpy.ascontiguousarray(records[name]) for name in RECORD.names}
            begun = time.perf_counter()
            store.execute("INSERT INTO samples SELECT * FROM chunk")
            took += time.perf_counter() - begun
            rows += len(records)
        begun = time.perf_counter()
        store.execute("CHECKPOINT")
        return store, rows, took + time.perf_counter() - begun

    path = os.path.join(folder, "mix.duckdb")
    store, rows, took = fill(path, mix)
    store.close()
    tell("DuckDB, mix in commits of a million", f"{rows / took / 1e6:.2f} M samples/s, {size(path) / rows:.2f} bytes a sample")
    path = os.path.join(folder, "one.duckdb")
    store, rows, took = fill(path, one)
    first, last = store.execute("SELECT min(time), max(time) FROM samples").fetchone()
    width = (last - first) // POINTS + 1
    ask = f"SELECT time // {width}, min(value), max(value) FROM samples GROUP BY 1"
    warm = median_ms(lambda: store.execute(ask).fetchall())
    tell("DuckDB, all of the 10 Hz tag to 2000 points", f"{warm:.0f} ms warm, {size(path) / rows:.2f} bytes a sample")


class VictoriaMetrics:
    """A server of its own on a free port, from `with` to its end."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        program = ["victoria-metrics", f"-storageDataPath={self.folder}", f"-httpListenAddr=127.0.0.1:{self.port}"]
        program += ["-retentionPeriod=100y", "-search.maxPointsPerTimeseries=100000", "-loggerLevel=ERROR"]
        self.running = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                self.call("GET", "/health")
                return self
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("it does not answer")

    def __exit__(self, *_):
        # What it still has in memory goes to disk before it ends.
        self.running.terminate()
        self.running.wait(timeout=60)

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        connection.request(method, path, body)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {content[:200]!r}")

    def fill(self, name, file, shift):
        took, rows, last = 0, 0, 0
        for records in chunks(file):
            records = records[numpy.argsort(records["tag"], kind="stable")]
            borders = numpy.flatnonzero(numpy.diff(records["tag"])) + 1
            lines = []
            for part in numpy.split(records, borders):
                metric = {"__name__": name, "id": str(part["tag"][0])}
                times = (part["time"] + shift).tolist()
                last = max(last, times[-1])
                lines.append(json.dumps({"metric": metric, "values": part["value"].tolist(), "timestamps": times}))
            body = "\n".join(lines)
            begun = time.perf_counter()
            self.call("POST", "/api/v1/import", body)
            took += time.perf_counter() - begun
            rows += len(records)
        return rows, took, last


def victoria_metrics(mix, one, folder):
    begin = 1_700_000_000_000
    with VictoriaMetrics(f"{folder}/mix") as server:
        rows, took, _ = server.fill("mix", mix, 0)
    used = size(f"{folder}/mix") / rows
    tell("VictoriaMetrics, mix as JSON lines", f"{rows / took / 1e6:.2f} M samples/s, {used:.2f} bytes a sample")
    with VictoriaMetrics(f"{folder}/one") as server:
        rows, _, last = server.fill("one", one, begin)
    used = size(f"{folder}/one") / rows
    step = (last - begin) // POINTS // 1_000 + 1
    with VictoriaMetrics(f"{folder}/one") as server:

        def ask():
            for rollup in ("min_over_time", "max_over_time"):
                query = f"{rollup}(one[{step}s])&start={begin // 1000}&end={last // 1000}&step={step}s&nocache=1"
                server.call("GET", f"/api/v1/query_range?query={query}")

        warm = median_ms(ask)
    tell("VictoriaMetrics, all of the 10 Hz tag to 2000 points", f"{warm:.0f} ms warm for min and max, {used:.2f} bytes a sample")


if __name__ == "__main__":
    {"duckdb": duckdb, "victoria-metrics": victoria_metrics}[sys.argv[1]](*sys.argv[2:5])
