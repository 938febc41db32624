"""The process: how it starts, what it refuses, how it ends."""

import os
import pathlib
import re
import shlex
import socket
import ssl
import subprocess
import threading
import time

import pytest

from events import Subscription
from server import BINARY, ROOT, Server, StartFailed


def refusal(server):
    with pytest.raises(StartFailed) as caught:
        server.start()
    failed = caught.value
    assert failed.status not in (0, None) and failed.status > 0, failed
    lines = [line for line in failed.errors.splitlines() if line.strip()]
    assert len(lines) == 1, f"one clear line, not {failed.errors!r}"
    assert not failed.output
    return lines[0]


def test_the_ready_line_is_all_that_stdout_gets(own):
    server = own()
    server.ok("ListStreams")
    assert server.process.poll() is None
    process = server.process
    assert server.terminate() == 0
    # _end closed the pipe; what else was written there would have come before.
    assert process.returncode == 0


def test_it_listens_on_both_loopback_addresses_and_on_nothing_else(own):
    server = own()
    with socket.create_connection(("127.0.0.1", server.port), 5):
        pass
    if socket.has_ipv6 and pathlib.Path("/proc/net/if_inet6").exists():
        addresses = pathlib.Path("/proc/net/if_inet6").read_text()
        if addresses.startswith("0" * 31 + "1"):
            with socket.create_connection(("::1", server.port), 5):
                pass
    listening = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if pathlib.Path(table).exists():
            for line in pathlib.Path(table).read_text().splitlines()[1:]:
                local, state = line.split()[1], line.split()[3]
                if state == "0A" and int(local.split(":")[1], 16) == server.port:
                    listening.add(local.split(":")[0])
    assert listening <= {"0100007F", "00000000000000000000000001000000"}


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"])
def test_it_refuses_to_listen_beyond_loopback(own, address):
    with pytest.raises(StartFailed) as caught:
        own(listen=address)
    assert caught.value.status > 0 and "loopback" in caught.value.errors


def test_a_second_server_on_the_same_folder_is_refused(own, tmp_path):
    own(data=tmp_path / "shared")
    line = refusal(own(data=tmp_path / "shared", start=False))
    assert "shared" in line


def test_the_folder_is_free_again_after_a_kill(own):
    server = own()
    server.kill()
    server.start()


def test_a_busy_port(own, tmp_path):
    first = own(data=tmp_path / "first")
    line = refusal(own(data=tmp_path / "second", start=False, listen=f"localhost:{first.port}"))
    assert str(first.port) in line


def test_an_unreadable_certificate(own, tmp_path):
    line = refusal(own("--cert", str(tmp_path / "absent.pem"), "--key", str(tmp_path / "absent.key"),
                       start=False))
    assert "absent.pem" in line or "absent.key" in line
    (tmp_path / "bad.pem").write_text("nonsense")
    (tmp_path / "bad.key").write_text("nonsense")
    line = refusal(own("--cert", str(tmp_path / "bad.pem"), "--key", str(tmp_path / "bad.key"),
                       start=False, data=tmp_path / "other"))
    assert "bad.pem" in line or "bad.key" in line


def test_a_certificate_without_its_key(own, tmp_path):
    with pytest.raises(StartFailed) as caught:
        own("--cert", str(tmp_path / "some.pem"))
    assert caught.value.status > 0 and "--key" in caught.value.errors


def test_a_certificate_of_ones_own(own, tmp_path):
    certificate, key = tmp_path / "own.pem", tmp_path / "own.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out",
         str(certificate)], check=True, capture_output=True)
    server = own("--cert", str(certificate), "--key", str(key), start=False)
    server.start()
    context = ssl.create_default_context(cafile=str(certificate))
    with server.connect(context=context) as sock:
        assert dict(each[0] for each in sock.getpeercert()["subject"])["commonName"] == "localhost"


def test_a_certificate_made_by_the_script(own, tmp_path):
    made = tmp_path / "made"
    subprocess.run([str(ROOT / "certs" / "make-dev-certs"), str(made)], check=True, capture_output=True)
    server = own("--cert", str(made / "server.pem"), "--key", str(made / "server-key.pem"))
    context = ssl.create_default_context(cafile=str(made / "ca.pem"))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with server.connect(context=context) as sock:
        assert ("DNS", "localhost") in sock.getpeercert()["subjectAltName"]


def test_starts_that_fail_leave_no_heap_of_files(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for _ in range(20):
            server = Server(tmp_path / "data", listen="127.0.0.1:%d" % taken.getsockname()[1])
            assert "in use" in refusal(server)
    assert len(list((tmp_path / "data" / "log" / "journal").iterdir())) < 12


def test_a_certificate_that_the_server_may_read_and_not_write(own, tmp_path):
    made = tmp_path / "made"
    subprocess.run([str(ROOT / "certs" / "make-dev-certs"), str(made)], check=True, capture_output=True)
    mount = ["mount", "--bind", "-o", "ro", str(made), str(made)]
    prefix = []
    if os.geteuid() == 0:
        # Root may write whatever is not mounted read-only; the mount is the server's alone.
        unshared = ["unshare", "--mount", "sh", "-c", f'{shlex.join(mount)} && exec "$@"', "sh"]
        if subprocess.run([*unshared, "true"], capture_output=True).returncode != 0:
            pytest.skip("nothing can be mounted here")
        prefix = unshared
    for file in made.iterdir():
        file.chmod(0o400)
    server = own("--cert", str(made / "server.pem"), "--key", str(made / "server-key.pem"), prefix=prefix)
    context = ssl.create_default_context(cafile=str(made / "ca.pem"))
    with server.connect(context=context) as sock:
        assert ("DNS", "localhost") in sock.getpeercert()["subjectAltName"]


def test_the_made_certificate(own):
    server = own()
    with server.connect("h2") as sock:
        certificate = sock.getpeercert()
        assert sock.version() == "TLSv1.3"
    names = certificate["subjectAltName"]
    assert ("DNS", "localhost") in names
    assert ("IP Address", "127.0.0.1") in names
    assert ("IP Address", "0:0:0:0:0:0:0:1") in names or ("IP Address", "::1") in names
    assert ("DNS", socket.gethostname()) in names
    for file in (server.data / "tls").iterdir():
        if "key" in file.name:
            assert file.stat().st_mode & 0o077 == 0, f"{file.name} is readable by others"
    first = (server.data / "tls" / "ca.pem").read_bytes()
    server.restart()
    assert (server.data / "tls" / "ca.pem").read_bytes() == first


def test_a_data_folder_of_a_newer_format(own):
    server = own()
    server.create("kept")
    server.put("kept", b"x")
    assert server.terminate() == 0
    # Whatever file says the format, a version far ahead must be refused, not read.
    marked = []
    for file in server.data.rglob("*"):
        if file.is_file() and re.search(r"format|version", file.name, re.I):
            file.write_text(re.sub(r"\d+", "9999", file.read_text(), count=1))
            marked.append(file)
    assert marked, "the data folder says its format in a file of its own"
    line = refusal(server)
    assert "newer" in line or "9999" in line


def test_an_unwritable_data_folder(own, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    refusal(own(data=tmp_path / "file", start=False))


@pytest.mark.parametrize("options", [
    ["--durability", "never"], ["--durability", "interval:x"], ["--reactors", "0"],
    ["--account", "12"], ["--listen", "localhost:99999"], ["--nonsense"]])
def test_options_that_make_no_sense(own, options):
    listen = None if "--listen" in options else "localhost:0"
    with pytest.raises(StartFailed) as caught:
        own(*options, listen=listen)
    assert caught.value.status > 0 and caught.value.errors.strip()


@pytest.mark.parametrize("value, threads", [
    (None, {"disk": 2, "cpu": 2, "pages": 1}), ("disk=5", {"disk": 5, "cpu": 2, "pages": 1}),
    ("cpu=1,disk=1,pages=3", {"disk": 1, "cpu": 1, "pages": 3})])
def test_the_threads_of_the_blocking_pool(own, value, threads):
    server = own(*(["--blocking-threads", value] if value else []))
    names = [path.read_text().strip() for path in pathlib.Path(f"/proc/{server.pid}/task").glob("*/comm")]
    for lane, count in threads.items():
        assert sum(name.startswith(f"{lane}-") for name in names) == count, names


@pytest.mark.parametrize("value, said", [
    ("disk", "expected NAME=VALUE with a number from 1 to 64"), ("disk=0", "from 1 to 64"),
    ("disk=65", "from 1 to 64"), ("disk=2,", "expected NAME=VALUE"), ("tape=1", "expected disk, cpu or pages")])
def test_threads_of_the_blocking_pool_that_make_no_sense(own, value, said):
    with pytest.raises(StartFailed) as caught:
        own("--blocking-threads", value)
    assert caught.value.status > 0 and said in " ".join(caught.value.errors.split())


@pytest.mark.parametrize("durability", ["commit", "interval:50", "os"])
def test_each_durability_class_takes_and_keeps_records(own, durability):
    server = own("--durability", durability)
    server.create("kept")
    sent = [b"%d" % number for number in range(20)]
    for data in sent:
        server.put("kept", data)
    assert server.terminate() == 0
    server.start()
    from events import data_of
    assert data_of(server.read_all("kept")) == sent


def test_a_drain_ends_subscriptions_cleanly_and_keeps_what_was_acknowledged(own):
    server = own()
    arn = server.create("drained")
    consumer = server.consumer(arn)
    with Subscription(server, consumer) as subscription:
        server.put("drained", b"first")
        subscription.records(1)
        idle = server.http1()
        result = []
        ender = threading.Thread(target=lambda: result.append(server.terminate()))
        ender.start()
        rest = subscription.rest()
        assert all(event.kind == "event" for event in rest)
        ender.join(30)
        assert result == [0]
        assert idle.is_closed()
    server.start()
    from events import data_of
    assert data_of(server.read_all("drained")) == [b"first"]


def test_a_drain_under_load_loses_nothing_that_was_acknowledged(own):
    server = own()
    server.create("loaded")
    acknowledged, failures, stop = [], [], threading.Event()

    def load(number):
        client = server.client()
        count = 0
        while not stop.is_set():
            data = b"%d:%d" % (number, count)
            try:
                client.put_record(StreamName="loaded", Data=data, PartitionKey="k")
            except Exception as error:
                failures.append(error)
                return
            acknowledged.append(data)
            count += 1

    threads = [threading.Thread(target=load, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 50 and not failures:
        time.sleep(0.01)
    assert not failures, failures
    assert server.terminate() == 0
    stop.set()
    for thread in threads:
        thread.join()
    server.start()
    from events import data_of
    found = data_of(server.read_all("loaded"))
    assert len(found) == len(set(found))
    assert set(acknowledged) <= set(found)


def test_sighup_reloads_the_certificate(own, tmp_path):
    certificate, key = tmp_path / "own.pem", tmp_path / "own.key"

    def make(common_name):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", f"/CN={common_name}", "-addext",
             "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)],
            check=True, capture_output=True)

    def presented():
        context = ssl.create_default_context(cafile=str(certificate))
        with server.connect(context=context) as sock:
            return dict(each[0] for each in sock.getpeercert()["subject"])["commonName"]

    make("first")
    server = own("--cert", str(certificate), "--key", str(key))
    assert presented() == "first"
    make("second")
    os.kill(server.pid, 1)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if presented() == "second":
                break
        except ssl.SSLError:
            time.sleep(0.05)
    assert presented() == "second"


def test_the_time_scale_is_for_tests_alone(own):
    server = own("--time-scale", "0.5")
    server.ok("ListStreams")


def test_help_names_the_options():
    done = subprocess.run([BINARY, "serve", "--help"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0
    for option in ("--data", "--listen", "--reactors", "--durability", "--cert", "--key", "--region",
                   "--account", "--log-level", "--memory"):
        assert option in done.stdout, option


def test_the_default_folder_and_port(tmp_path):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 4567))
        except OSError:
            pytest.skip("port 4567 is taken on this machine")
    process = subprocess.Popen(
        [BINARY, "serve"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout.readline() == b"weir ready https://localhost:4567\n"
        assert (tmp_path / "weir-data" / "tls" / "ca.pem").is_file()
        process.terminate()
        assert process.wait(20) == 0
        assert process.stdout.read() == b""
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
