#!/usr/bin/env python3
"""One engine's part of scripts/soak: a server, its good and hostile clients, its sink,
and the bookkeeping.

  scripts/soak_engine.py io_uring FOLDER

Writes FOLDER/table (lines of a name, a tab and a figure) and FOLDER/wrong (a line for
each thing that is not as it should be), and exits with 1 if that has a line.
"""
import hashlib, json, os, random, re, select, signal, socket, struct, subprocess, sys
import threading, time
from pathlib import Path
from statistics import median

ENGINE, FOLDER = sys.argv[1], Path(sys.argv[2])
SECONDS = float(os.environ.get("CAROM_SOAK_MINUTES", "60")) * 60
DISK_BYTES = int(os.environ.get("CAROM_SOAK_DISK_MIB", "1800")) << 20
RATE = float(os.environ.get("CAROM_SOAK_RATE", "0"))
SEED = f"{os.environ.get('CAROM_SEED', '1')} {ENGINE}"
CAROM, BENCH = FOLDER.parent / "carom", FOLDER.parent / "carom-bench"

CLICKS, SINK, AWAY = FOLDER / "clicks", FOLDER / "sink", FOLDER / "sink.away"
GOOD_LINKS = 10_000
SAMPLE_EVERY = min(10.0, SECONDS / 30)
RELOAD_EVERY = min(60.0, SECONDS / 5)
VERIFY_EVERY = min(300.0, SECONDS / 4)
# What is looked at first and last, and what comes before the first.
WINDOW = min(600.0, SECONDS / 3)
SETTLING = min(60.0, SECONDS / 10)
# The sink stays for so long, and is away for so long.
UP, DOWN = (20.0, 90.0), (5.0, 60.0)
if SECONDS < 600:
    UP, DOWN = (SECONDS / 12, SECONDS / 6), (SECONDS / 20, SECONDS / 10)
# More clicks than this do not wait for the sink.
WAITING_BYTES = DISK_BYTES // 3

# What a server may say after it serves.
EXPECTED = re.compile(r"carom: (reloaded: |generation \d+: |(set|unset|reset) by |stopping: |stopped: )")
WAITED = re.compile(r"carom: warning: requests waited (\d+) times? for room")
STOPPED = re.compile(
    r"carom: stopped: (\d+) requests?, (\d+) clicks? recorded in (\d+) segments?, (\d+) lost"
    r"(?:, (\d+) clicks? whose reply was not delivered)?"
)
# What a sink may say, as its folder goes away.
SHIP_EXPECTED = re.compile(
    r"carom: (\d+ clicks? shipped in \d+ batch|cannot (write|read) .* \(os error (2|20)\); tried again in )"
)

wrong, over = [], threading.Event()


def complain(sentence):
    wrong.append(sentence)
    print(f"{ENGINE}: wrong: {sentence}", flush=True)


def run(*command):
    """Runs a command to its end: status, standard output and error."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=900)
    return done.returncode, done.stdout, done.stderr


def links(round_number):
    """Writes the link files, with targets of this round."""
    target = f"https://store.example/p/{{}}?round={round_number}"
    good = [f"/go/{n:07} {target.format(n)}" for n in range(GOOD_LINKS)]
    rest = [f"/probe {target.format('probe')}", f"/hostile {target.format('x' * 1900)}"]
    for name, lines in (("good.txt", good), ("links.txt", good + rest)):
        aside = FOLDER / f".{name}"
        aside.write_text("\n".join(lines) + "\n")
        aside.rename(FOLDER / name)


class Server:
    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = free.getsockname()
        self.log = FOLDER / "server.log"
        self.process = subprocess.Popen(
            [CAROM, "serve", FOLDER / "links.txt", "--listen", "127.0.0.1:%d" % self.address[1],
             "--engine", ENGINE, "--clicks", CLICKS, "--segment-size", "32MiB", "--segment-age", "1m",
             "--send-timeout", "5s", "--header-timeout", "5s", "--json"],
            stdout=subprocess.PIPE, stderr=self.log.open("w"), stdin=subprocess.DEVNULL)
        if not self.process.stdout.readline():
            sys.exit(f"{ENGINE}: no server: {self.log.read_text()}")
        self.banner_lines = len(self.log.read_text().splitlines())

    def said(self):
        return self.log.read_text().splitlines()[self.banner_lines:]

    def sample(self):
        """RSS and memory of its own in KiB, descriptors, threads."""
        proc = Path(f"/proc/{self.process.pid}")
        fields = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
        number = lambda name: int(fields[name].split()[0])
        descriptors = len(os.listdir(proc / "fd"))
        return number("VmRSS"), number("RssAnon"), descriptors, number("Threads")


class Good:
    """The load generators, and what they were answered."""

    def __init__(self, port):
        self.port, self.processes, self.answered = port, [], 0
        self.errors, self.slowest_us, self.p999_us = 0, 0, 0

    def command(self, name, *how):
        return [BENCH, "load", f"127.0.0.1:{self.port}", "--links", str(FOLDER / "good.txt"),
                "--timeout", "20", "--json", str(FOLDER / f"load-{name}.json"), *map(str, how)]

    def count(self, name):
        told = json.loads((FOLDER / f"load-{name}.json").read_text())
        self.answered += told["replies"]
        self.errors += sum(told["errors"].values())
        self.unsent = told["unsent"]
        if told["errors"] or told["unsent"]:
            complain(f"good clients ({name}): errors {told['errors']}, {told['unsent']} not sent")
        if name.startswith("run"):
            self.slowest_us = max(self.slowest_us, told["latency_us"]["max"])
            self.p999_us = max(self.p999_us, told["latency_us"]["p99.9"])
        return told["replies_per_second"]

    def most(self):
        """Requests a second, as many as are answered."""
        rate = 10_000.0
        for seconds in (2, 5):
            name = f"most-{seconds}"
            run(*self.command(name, "-c", 64, "--requests", int(rate * seconds)))
            rate = self.count(name)
        return rate

    def begin(self, rate):
        alone = min(rate * 0.05, 500)
        kinds = {
            "run-kept": (rate * 0.6, "-c", 64),
            "run-pipelined": (rate * 0.4 - alone, "-c", 8, "-p", 16),
            "run-alone": (alone, "-c", 32, "--new-connections"),
        }
        for seed, (name, (part, *how)) in enumerate(kinds.items()):
            command = self.command(name, *how, "--rate", part, "--seconds", SECONDS, "--seed", seed)
            self.processes.append((name, subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=(FOLDER / f"{name}.log").open("w"))))

    def end(self):
        deadline = time.monotonic() + 60
        for name, process in self.processes:
            process.wait(max(1, deadline - time.monotonic()))
            self.count(name)


REQUEST = b"GET /hostile HTTP/1.1\r\nHost: h.example\r\nUser-Agent: soak\r\n\r\n"


class Hostile:
    """Clients that mean harm. Each counts what it sent and what it surely received."""

    def __init__(self, address, rate):
        self.address = address
        self.sent = self.received = self.junk_sent = self.junk_received = 0
        self.connections, self.refused = 0, 0
        self.lock = threading.Lock()
        self.threads = [
            threading.Thread(target=part, args=(share * rate, random.Random(f"{SEED} {part.__name__}")))
            for part, share in ((self.unread, 0.6), (self.resets, 0.3), (self.garbage, 0.1))
        ]

    def begin(self):
        for thread in self.threads:
            thread.start()

    def end(self):
        for thread in self.threads:
            thread.join(60)
            if thread.is_alive():
                complain("a hostile client hangs")

    def add(self, **counts):
        with self.lock:
            for name, count in counts.items():
                setattr(self, name, getattr(self, name) + count)

    def connect(self, receive_bytes=None):
        one = socket.socket()
        if receive_bytes:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        one.settimeout(5)
        try:
            one.connect(self.address)
        except OSError:
            one.close()
            self.add(refused=1)
            return None
        self.add(connections=1)
        return one

    def paced(self, rate, most=200):
        """Yields what is due at this rate, a piece at a time, until the end."""
        began, done = time.monotonic(), 0.0
        while not over.is_set():
            due = (time.monotonic() - began) * rate
            if due - done < 1:
                over.wait(min(0.1, (1 - due + done) / rate + 0.001))
                continue
            # Who is far behind does not catch up.
            done = max(done, due - most)
            done += yield

    def unread(self, rate, chance):
        """Sends and never reads; goes after some seconds, or when it is cut off."""
        held = []
        pace = self.paced(rate, most=2000)
        try:
            next(pace)
            while not over.is_set():
                one = self.connect(receive_bytes=2048)
                count = chance.randint(50, 400)
                if one:
                    one.setblocking(False)
                    held.append([one, REQUEST * count, time.monotonic() + chance.uniform(0.1, 12)])
                held = [each for each in held if self.goes_on(each)]
                pace.send(count)
        except StopIteration:
            pass
        for one, _, _ in held:
            one.close()

    def goes_on(self, each):
        one, to_send, until = each
        try:
            sent = one.send(to_send) if to_send else 0
            # Only whole requests can be answered: what is left tells which are whole.
            whole = -(-len(to_send) // len(REQUEST)) - -(-(len(to_send) - sent) // len(REQUEST))
            self.add(sent=whole)
            each[1] = to_send[sent:]
        except BlockingIOError:
            pass
        except OSError:
            one.close()
            return False
        if time.monotonic() < until:
            return True
        one.close()
        return False

    def resets(self, rate, chance):
        """Asks, reads some or nothing, and resets the connection."""
        pace = self.paced(rate)
        try:
            next(pace)
            while True:
                count = chance.randint(1, 20)
                one = self.connect()
                if one:
                    self.add(sent=count)
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    try:
                        one.sendall(REQUEST * count)
                        if chance.random() < 0.5:
                            got = one.recv(chance.randint(1, 65536))
                            self.add(received=got.count(b"\r\n\r\n"))
                    except OSError:
                        pass
                    one.close()
                pace.send(count)
        except StopIteration:
            pass

    def garbage(self, rate, chance):
        """Sends what is no request, alone or behind some that are."""
        pace = self.paced(rate)
        try:
            next(pace)
            while True:
                count, kind = chance.randint(0, 3), chance.randrange(4)
                one = self.connect()
                if one:
                    self.talk(one, count, kind, chance)
                    one.close()
                pace.send(count + 1)
        except StopIteration:
            pass

    def talk(self, one, count, kind, chance):
        junk = bytearray(b"GET /junk HTTP/1.1\r\nHost: h.example\r\nReferer: https://r.example/\r\n\r\n")
        if kind == 0:
            junk = chance.randbytes(chance.randint(1, 3000))
        elif kind == 1:  # a head that never ends
            junk = junk[:-2] + b"X: " + b"y" * chance.randint(0, 20_000)
        else:  # one that is changed in some places
            for _ in range(chance.randint(1, 6)):
                junk[chance.randrange(9, len(junk))] = chance.randrange(256)
        self.add(sent=count, junk_sent=int(kind > 1))
        got = b""
        one.settimeout(0.3)
        try:
            one.sendall(REQUEST * count + junk)
            if chance.random() < 0.3:
                one.shutdown(socket.SHUT_WR)
            while len(got) < 1 << 20:
                piece = one.recv(65536)
                if not piece:
                    break
                got += piece
        except OSError:
            pass
        statuses = re.findall(rb"HTTP/1\.1 (\d+) [^\r]*\r\n(?:[^\r]+\r\n)*\r\n", got)
        answered = sum(status in (b"302", b"404") for status in statuses)
        self.add(received=min(answered, count), junk_received=max(0, answered - count))


class Sink:
    """`carom ship`, which comes and goes, and the files that it has made."""

    def __init__(self, chance):
        self.chance, self.process, self.files = chance, None, {}
        self.kills = self.stops = self.aways = self.came_again = 0
        self.log = FOLDER / "ship.log"
        self.is_away = False
        SINK.mkdir()
        self.until = time.monotonic() + chance.uniform(*DOWN)

    def command(self, *more):
        return [CAROM, "ship", CLICKS, "--to", f"file:{SINK}", "--name", "soak", "--format", "csv",
                "--columns", "path", *more]

    def turn(self, must_come):
        """Comes or goes when it is time."""
        now = time.monotonic()
        if self.process and self.process.poll() is not None:
            last = self.log.read_text().splitlines()[-1:]
            complain(f"ship ended by itself with {self.process.returncode}: {last}")
            self.process = None
        if now < self.until and not (must_come and (self.is_away or not self.process)):
            return
        if self.is_away:
            self.back()
            self.until = now + self.chance.uniform(*UP)
        elif not self.process:
            self.process = subprocess.Popen(
                self.command("--follow", "--wait", "2s", "--delete-shipped"),
                stderr=self.log.open("a"), stdout=subprocess.DEVNULL)
            self.until = now + self.chance.uniform(*UP)
        elif must_come:
            return
        else:
            self.go(self.chance.choice((self.kill, self.stop, self.away)))
            self.until = now + self.chance.uniform(*DOWN)

    def go(self, how):
        how()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None
        self.kills += 1

    def stop(self):
        self.process.terminate()
        status = self.process.wait(120)
        if status != 0:
            complain(f"ship, stopped, ended with {status}")
        self.process = None
        self.stops += 1

    def away(self):
        """Its folder goes, and perhaps something else is there."""
        SINK.rename(AWAY)
        if self.chance.random() < 0.5:
            SINK.write_text("no folder\n")
        self.is_away = True
        self.aways += 1

    def back(self):
        SINK.unlink(missing_ok=True)
        AWAY.rename(SINK)
        self.is_away = False

    def take(self):
        """Counts what has arrived, and removes it."""
        folder = AWAY if self.is_away else SINK
        for file in sorted(folder.glob("clicks-*.csv")):
            data = file.read_bytes()
            name = data.split(b"\n", 1)[0].strip()
            rows = data.count(b"\n") - 1
            counts = {"all": rows}
            for kind in ("go", "probe", "hostile", "junk"):
                counts[kind] = len(re.findall(rb'\n"?/' + kind.encode(), data))
            if name != b"path":
                complain(f"{file.name} begins with {name!r}")
            value = (hashlib.sha256(data).hexdigest(), counts)
            if file.name in self.files:
                self.came_again += 1
                if self.files[file.name] != value:
                    complain(f"{file.name} came again, and is another")
            self.files[file.name] = value
            file.unlink()

    def counts(self, kind):
        return sum(counts[kind] for _, counts in self.files.values())

    def last(self):
        """Ships what is left, without deleting anything."""
        if self.is_away:
            self.back()
        if self.process:
            self.stop()
        status, _, said = run(*self.command())
        self.take()
        if status != 0:
            complain(f"the last ship ended with {status}: {said.strip()}")


class Probe:
    """An ordinary client that asks once in a while on a connection of its own."""

    def __init__(self, address):
        self.address, self.answered, self.slowest = address, 0, 0.0

    def ask(self):
        began, got = time.monotonic(), b""
        try:
            with socket.create_connection(self.address, timeout=20) as one:
                one.sendall(b"GET /probe HTTP/1.1\r\nHost: h.example\r\nConnection: close\r\n\r\n")
                while piece := one.recv(4096):
                    got += piece
        except OSError as error:
            complain(f"the probe: {error}")
            return None
        self.slowest = max(self.slowest, time.monotonic() - began)
        if not got.startswith(b"HTTP/1.1 302"):
            complain(f"the probe was answered {got[:60]!r}")
            return None
        self.answered += 1
        return int(re.search(rb"round=(\d+)", got)[1])


def size_of(folder):
    total = 0
    for file in folder.glob("*"):
        try:
            total += file.stat().st_blocks * 512
        except FileNotFoundError:
            pass
    return total


def deleted():
    """Clicks, lost ones and segments that the list says were shipped and deleted."""
    sealed, gone = {}, set()
    for line in (CLICKS / ".state/ledger").read_text().splitlines():
        event = line.split()[3]
        fields = dict(word.split("=", 1) for word in line.split() if "=" in word)
        which = (fields["shard"], fields["segment"])  # no number is given twice
        if event in ("sealed", "found"):
            sealed[which] = (int(fields["clicks"]), int(fields["lost"]))
        elif event == "gone":
            complain(f"the list of segments says: {line}")
        elif event == "deleted" and fields["why"] == "shipped":
            gone.add(which)
    # Whoever deletes it may be faster than the server notes its seal.
    for which in gone - sealed.keys():
        complain(f"deleted, and never noted as sealed: shard and segment {which}")
    clicks, lost = ([sealed[which][at] for which in gone & sealed.keys()] for at in (0, 1))
    return sum(clicks), sum(lost), len(gone)


def is_live_whole():
    status, told, said = run(CAROM, "clicks", "verify", CLICKS)
    if status != 0:
        complain(f"verify beside the server ended with {status}: {(told + said).strip()}")


def soak(server, good, probe, sink, samples):
    """The time itself: all but the clients, each when it is due."""
    began = time.monotonic()
    reload_at, verify_at, sample_at = began + RELOAD_EVERY, began + VERIFY_EVERY, began
    reloads, largest = 0, 0
    while (now := time.monotonic()) < began + SECONDS:
        if server.process.poll() is not None:
            complain(f"the server ended with {server.process.returncode}")
            break
        if now >= sample_at:
            sample_at += SAMPLE_EVERY
            samples.append((now - began, *server.sample()))
            round_number = probe.ask()
            late = RELOAD_EVERY / 2
            if now >= reload_at - late and round_number not in (None, reloads):
                complain(f"{late:.0f} s after reload {reloads}, {round_number} is served")
        if now >= reload_at and began + SECONDS - now > SAMPLE_EVERY:
            reload_at += RELOAD_EVERY
            reloads += 1
            links(reloads)
            server.process.send_signal(signal.SIGHUP)
        if now >= verify_at:
            verify_at += VERIFY_EVERY
            is_live_whole()
        size = size_of(CLICKS) + size_of(SINK) + size_of(AWAY)
        largest = max(largest, size)
        if size > DISK_BYTES:
            complain(f"{size >> 20} MiB of clicks wait for a sink that cannot keep up")
            break
        sink.turn(must_come=size > WAITING_BYTES)
        sink.take()
        time.sleep(0.2)
    return reloads, largest, time.monotonic() - began


def is_flat(name, first, last, slack):
    if median(last) > median(first) * 1.1 + slack:
        complain(f"{name}: {median(first):.0f} at first, {median(last):.0f} at last (medians)")


def calm(server, before):
    """Waits until connections are closed: descriptors at the end."""
    for _ in range(100):
        sample = server.sample()
        if sample[2] <= before + 8:
            break
        time.sleep(0.2)
    else:
        complain(f"descriptors without clients: {before} before, {sample[2]} after")
    return sample


def stopped(server):
    """What the server said at its end, and whether it said anything strange."""
    server.process.terminate()
    try:
        status = server.process.wait(60)
    except subprocess.TimeoutExpired:
        status = "nothing: it does not stop"
    if status != 0:
        complain(f"the server, stopped, ended with {status}")
    waits, odd = 0, []
    for line in server.said():
        if waited := WAITED.match(line):
            waits += int(waited[1])
        elif not EXPECTED.match(line):
            odd.append(line)
    for line in odd[:20]:
        complain(f"the server said: {line}")
    if len(odd) > 20:
        complain(f"… and {len(odd) - 20} lines more")
    ended = [match for line in server.said() if (match := STOPPED.match(line))]
    if not ended:
        complain("the server did not say what it has done")
        return [0] * 5, waits, 0
    reloaded = sum(line.startswith("carom: reloaded: ") for line in server.said())
    return [int(count or 0) for count in ended[0].groups()], waits, reloaded


def balance(good, probe, hostile, sink, recorded, lost, undelivered):
    """Served = recorded: exactly where clients know, within bounds where they cannot."""
    status, told, said = run(CAROM, "clicks", "verify", CLICKS, "--json")
    total = json.loads(told)["total"]
    if status != 0:
        complain(f"verify ended with {status}: {said.strip()} {total}")
    gone, gone_lost, gone_segments = deleted()
    rows = {kind: sink.counts(kind) for kind in ("all", "go", "probe", "hostile", "junk")}
    same = [
        ("good clients' answers, and their rows", good.answered, rows["go"]),
        ("the probe's answers, and its rows", probe.answered, rows["probe"]),
        ("clicks recorded, and rows that arrived", recorded, rows["all"]),
        ("clicks recorded, and those in the folder and deleted", recorded, total["clicks"] + gone),
        ("clicks lost as told and as recorded", lost, total["lost"] + gone_lost),
        ("clicks lost, and none", lost, 0),
        ("rows of all kinds, and all rows", sum(rows.values()) - rows["all"], rows["all"]),
    ]
    for what, one, other in same:
        if one != other:
            complain(f"{what}: {one}, {other}")
    bounds = [
        ("hostile", hostile.received, rows["hostile"], hostile.sent),
        ("junk", hostile.junk_received, rows["junk"], hostile.junk_sent),
        ("undelivered", 0, undelivered, rows["hostile"] + rows["junk"] - hostile.received),
    ]
    for what, least, count, most in bounds:
        if not least <= count <= most:
            complain(f"{what} clicks: {count}, which should be {least} to {most}")
    return rows, total["clicks"], gone, gone_segments


def sink_said(sink):
    odd = [line for line in sink.log.read_text().splitlines() if not SHIP_EXPECTED.match(line)]
    for line in odd[:20]:
        complain(f"ship said: {line}")
    if len(odd) > 20:
        complain(f"… and {len(odd) - 20} lines more")


def main():
    links(0)
    server = Server()
    good, probe = Good(server.address[1]), Probe(server.address)
    sink, hostile, samples = Sink(random.Random(SEED)), None, []
    try:
        before = server.sample()[2]
        most = good.most()
        rate = RATE or most * 0.45
        hostile = Hostile(server.address, rate / 9)
        good.begin(rate)
        hostile.begin()
        reloads, largest, seconds = soak(server, good, probe, sink, samples)
        good.end()
        over.set()
        hostile.end()
        end = calm(server, before)
        (requests, recorded, segments, lost, undelivered), waits, reloaded = stopped(server)
        if reloaded != reloads:
            complain(f"{reloads} reloads were asked for, and {reloaded} done")
        sink.last()
        rows, left, gone, gone_segments = balance(
            good, probe, hostile, sink, recorded, lost, undelivered)
        sink_said(sink)
    finally:
        over.set()
        children = [server.process, sink.process, *(process for _, process in good.processes)]
        for process in children:
            if process and process.poll() is None:
                process.kill()
                process.wait()
    first = [sample for sample in samples if SETTLING <= sample[0] < SETTLING + WINDOW]
    last = [sample for sample in samples if sample[0] >= samples[-1][0] - WINDOW]
    columns = lambda at: ([s[at] for s in first], [s[at] for s in last])
    for name, at, slack in (("RSS, KiB", 1, 8192), ("RssAnon, KiB", 2, 8192),
                            ("descriptors", 3, 16), ("threads", 4, 1)):
        is_flat(name, *columns(at), slack)
    span = lambda values, unit=1: f"{min(values) / unit:.0f}–{max(values) / unit:.0f}"
    both = lambda at, unit=1: " → ".join(span(values, unit) for values in columns(at))
    figures = [
        ("engine", ENGINE),
        ("minutes", f"{seconds / 60:.1f}"),
        ("most answered a second; good ones asked a second", f"{most:,.0f}; {rate:,.0f}"),
        ("good clients: answered", f"{good.answered + probe.answered:,}"),
        ("… errors", f"{good.errors}"),
        ("… slowest of 1,000, slowest", f"{good.p999_us / 1e3:.0f} ms, {good.slowest_us / 1e3:.0f} ms"),
        ("… their clicks", f"{rows['go'] + rows['probe']:,}"),
        ("… the probe, at most", f"{probe.slowest * 1e3:.0f} ms"),
        ("hostile: connections", f"{hostile.connections:,}"),
        ("… requests sent", f"{hostile.sent + hostile.junk_sent:,}"),
        ("… replies they know of", f"{hostile.received + hostile.junk_received:,}"),
        ("… their clicks", f"{rows['hostile'] + rows['junk']:,}"),
        ("… of these not delivered, as the server counts", f"{undelivered:,}"),
        ("clicks recorded, as the server counts", f"{recorded:,}"),
        ("… that arrived at the sink", f"{rows['all']:,}"),
        ("… in the folder at the end", f"{left:,}"),
        ("… deleted by rule, by the list of segments", f"{gone:,}"),
        ("… lost", f"{lost}"),
        ("segments, of these deleted", f"{segments}, {gone_segments}"),
        ("times that requests waited for room in the log", f"{waits}"),
        ("reloads", f"{reloaded}"),
        ("sink: killed, stopped, its folder away", f"{sink.kills}, {sink.stops}, {sink.aways}"),
        ("… files, of these come again", f"{len(sink.files)}, {sink.came_again}"),
        ("most on disk, MiB", f"{largest >> 20}"),
        ("RSS, MiB, first and last window", both(1, 1024)),
        ("… anonymous, MiB", both(2, 1024)),
        ("descriptors", both(3)),
        ("… before and after all clients", f"{before} → {end[2]}"),
        ("threads", both(4)),
    ]
    (FOLDER / "table").write_text("".join(f"{name}\t{figure}\n" for name, figure in figures))


def interrupted(number, _):
    print(f"{ENGINE}: ended by {signal.Signals(number).name}", flush=True)
    raise KeyboardInterrupt


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        (FOLDER / "wrong").write_text("".join(f"{sentence}\n" for sentence in wrong))
    sys.exit(1 if wrong else 0)
