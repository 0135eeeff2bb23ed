"""What the benchmarks share: a corpus, a collector process, posting, asking, and what the machine says of it."""
import glob, http.client, json, os, platform, signal, socket, subprocess, sys, threading, time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
INGEST = "/insert/jsonline?_time_field=ts&_msg_field=msg&_stream_fields=service,host,environment"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid):
    with open(f"/proc/{pid}/status") as f:
        lines = dict(line.split(":", 1) for line in f)
    return {name: int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")}


def machine():
    model = "unknown CPU"
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}"


def make_corpus(events, target):
    shared = os.path.join(ROOT, "..", "shared", "corpus", "make_corpus.py")
    script = shared if os.path.exists(shared) else os.path.join(HERE, "corpus.py")
    subprocess.run([sys.executable, script, "--events", str(events), "--out", target], check=True,
                   stdout=subprocess.DEVNULL)
    return "the shared corpus" if script == shared else "packaging/bench/corpus.py"


class Bodies:
    """The corpus as request bodies: compressed where the Python package zstandard is there."""

    def __init__(self, corpus):
        try:
            import zstandard
            compressor = zstandard.ZstdCompressor(level=3)
            compress, self.headers = compressor.compress, {"Content-Encoding": "zstd"}
        except ImportError:
            compress, self.headers = bytes, {}
        self.content, self.events, self.raw_bytes = [], 0, 0
        for path in sorted(glob.glob(os.path.join(corpus, "batch-*.ndjson"))):
            with open(path, "rb") as f:
                raw = f.read()
            self.events += raw.count(b"\n")
            self.raw_bytes += len(raw)
            self.content.append(compress(raw))

    def __str__(self):
        how = "zstd" if self.headers else "not compressed: the Python package zstandard is missing"
        return f"{self.events} events, {self.raw_bytes} bytes of JSON, sent as {sum(map(len, self.content))} bytes ({how})"


def post_all(port, bodies, headers, connections):
    lock, state, failures = threading.Lock(), {"next": 0}, []

    def worker():
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while True:
            with lock:
                index = state["next"]
                state["next"] += 1
            if index >= len(bodies):
                return
            while True:
                client.request("POST", INGEST, bodies[index], headers)
                reply = client.getresponse()
                text = reply.read()
                if reply.status in (429, 503):
                    time.sleep(0.05)
                    continue
                if reply.status >= 300:
                    failures.append(f"{reply.status} {text[:200]!r}")
                break

    threads = [threading.Thread(target=worker) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def ask(port, query, limit):
    form = {"query": query}
    if limit is not None:
        form["limit"] = limit
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    start = time.perf_counter()
    client.request("POST", "/select/logsql/query", urllib.parse.urlencode(form),
                   {"Content-Type": "application/x-www-form-urlencoded"})
    reply = client.getresponse()
    body = reply.read()
    client.close()
    if reply.status != 200:
        raise SystemExit(f"bench: query {query!r} answered {reply.status}: {body[:300]!r}")
    return (time.perf_counter() - start) * 1000, body


def health(port):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    client.request("GET", "/health")
    return json.loads(client.getresponse().read())


def wait_until_ready(port, process):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"bench: the collector ended with {process.returncode}")
        try:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            client.request("GET", "/ready")
            if client.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit("bench: the collector was not ready within 30 s")


class Collector:
    """A collector as a process of its own, over a data directory; ended with the block."""

    def __init__(self, binaries, data, *options):
        self.port = free_port()
        self.process = subprocess.Popen(
            [os.path.join(binaries, "lodge-collector"), "--data", data, "--listen", f"127.0.0.1:{self.port}", *options],
            stderr=subprocess.DEVNULL)

    def __enter__(self):
        self.started = time.perf_counter()
        wait_until_ready(self.port, self.process)
        self.ready_seconds = time.perf_counter() - self.started
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def store(self):
        return health(self.port)["store"]
