# SPDX-License-Identifier: MIT
"""Rows 39, 40, 42, 44 and 82 of docs/faults.md: what a server can do below Python's ssl module, and below its sockets."""

import os
import pathlib

import pytest
from below import TlsServer
from conftest import DRIVER, Driver

TO = ["ana@example.org", "bob@example.org"]
MANY = 10000
MEMORY = 8 << 20


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory):
    with TlsServer(pathlib.Path(DRIVER).with_name("fault_tls_server"), tmp_path_factory.mktemp("certificates")) as made:
        yield made


@pytest.fixture(autouse=True)
def sound(tls_server):
    tls_server.version("1.3")
    tls_server.certificate("server")
    tls_server.fault("none", "none")


@pytest.fixture(scope="module")
def lean_driver(driver):
    """One whose memory can be measured: the sanitizer does not keep what was freed."""
    made = Driver(ASAN_OPTIONS="quarantine_size_mb=1")
    yield made
    assert made.end() == 0


def usage(process):
    """(seconds of CPU, octets in memory) of a process."""
    stat = pathlib.Path("/proc/%d/stat" % process.pid).read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return (int(stat[11]) + int(stat[12])) / ticks, int(stat[21]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("chunking", [False, True], ids=["data", "bdat"])
@pytest.mark.parametrize("stage", ["mail", "final"])
def test_renegotiation_is_refused(driver, tls_server, stage, chunking):
    """
    TLS 1.2.  At the verdict it comes with the reply and changes nothing.  At MAIL, one command at a time, the server hears
    the refusal and gives up, as OpenSSL does.
    """
    tls_server.offer(chunking)
    tls_server.version("1.2")
    tls_server.fault("renegotiate", stage)
    driver.open(tls_server.dsn(fresh_ms=60000, pipelining="off" if stage == "mail" else "on"))
    receipt = driver.send(TO)
    driver.close()
    assert tls_server.take("fault")[0] == "renegotiate"
    assert receipt["status"] == ("sent" if stage == "final" else "temporary"), receipt
    assert receipt["accepted"] == (TO if receipt["status"] == "sent" else [])


@pytest.mark.parametrize("stage, status", [("mail", "temporary"), ("final", "in_doubt"), ("idle", "sent")])
@pytest.mark.parametrize("what", ["key-update", "tickets"])
def test_a_flood_of_records_without_data(lean_driver, tls_server, what, stage, status):
    """It is cut off; between two mails the next one goes on another connection."""
    tls_server.offer(False)
    lean_driver.open(tls_server.dsn())
    assert lean_driver.send(TO)["status"] == "sent"
    lean_driver.close()
    tls_server.take("verdict")
    cpu, memory = usage(lean_driver.process)
    tls_server.fault(what, stage, MANY)
    lean_driver.open(tls_server.dsn())
    receipt = lean_driver.send(TO)
    if stage == "idle":
        assert receipt["status"] == "sent"
        tls_server.event("begun")
        tls_server.fault("none", "none")
        receipt = lean_driver.send(TO)
    lean_driver.close()
    tls_server.take("ended", 2 if stage == "idle" else 1)
    assert receipt["status"] == status, receipt
    now_cpu, now_memory = usage(lean_driver.process)
    assert now_cpu - cpu < 2, "CPU"
    assert now_memory - memory < MEMORY


@pytest.mark.parametrize("what", ["key-update", "tickets"])
def test_a_few_records_without_data_are_borne(driver, tls_server, what):
    tls_server.offer(False)
    for stage in ("mail", "data", "final"):
        tls_server.fault(what, stage, 20)
        driver.open(tls_server.dsn())
        receipt = driver.send(TO)
        driver.close()
        assert receipt["status"] == "sent", (stage, receipt)
        assert tls_server.take("verdict") == [250]


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("chunking", [False, True], ids=["data", "bdat"])
@pytest.mark.parametrize("octets, stage, wanted", [(16000000, "body", "temporary"), (200, "body", "in_doubt"), (200, "final", "in_doubt")])
def test_fatal_alert(driver, tls_server, octets, stage, wanted, chunking, version):
    """In a content too long for what lies between it is certain that the end did not go out; a short one went as a whole."""
    tls_server.offer(chunking)
    tls_server.version(version)
    tls_server.fault("alert", stage)
    driver.open(tls_server.dsn(fresh_ms=60000))
    receipt = driver.send(TO[:1], octets)
    driver.close()
    assert tls_server.take("ended") == ["alert"]
    assert receipt["status"] == wanted, receipt
    assert wanted == "temporary" or "alert" in receipt["error"]["message"], receipt


def hellos(driver, tls_server, dsn, status="sent"):
    """Send one mail with a mailer of its own; whether the hello carried a session, and whether it was resumed."""
    driver.open(dsn)
    receipt = driver.send(TO[:1])
    driver.close()
    assert receipt["status"] == status, receipt
    tls_server.event("ended")
    found = [event for event in tls_server.seen if "session" in event or "resumed" in event]
    tls_server.seen.clear()
    return [event["session"] for event in found if "session" in event], [event["resumed"] for event in found if "resumed" in event]


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_session_is_for_its_host_and_identity_alone(driver, tls_server, tmp_path, version):
    tls_server.offer(False)
    tls_server.version(version)
    shared = {"tls_session_file": tmp_path / "sessions"}
    own = tls_server.dsn(**shared)
    assert hellos(driver, tls_server, own) == ([False], [0])
    assert hellos(driver, tls_server, own) == ([True], [1])
    for other in (tls_server.dsn(host="localhost", **shared), tls_server.dsn(login="bob:secret", **shared),
                  tls_server.dsn(tls_name="localhost", **shared), tls_server.dsn(dangerous_no_verify=1, **shared)):
        assert hellos(driver, tls_server, other) == ([False], [0]), other
    assert hellos(driver, tls_server, own) == ([True], [1])


@pytest.mark.parametrize("kind", ["wrong-host", "expired", "self-signed"])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_another_certificate_is_verified_though_a_ticket_was_offered(driver, tls_server, tmp_path, version, kind):
    tls_server.offer(False)
    tls_server.version(version)
    own = tls_server.dsn(tls_session_file=tmp_path / "sessions")
    assert hellos(driver, tls_server, own) == ([False], [0])
    tls_server.certificate(kind)
    offered, resumed = hellos(driver, tls_server, own, "temporary")
    assert offered == [True] and resumed == []
    tls_server.certificate("server")
    assert hellos(driver, tls_server, own) == ([False], [0]), "what failed is not offered again"


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_ticket_outlives_a_renewed_certificate(driver, tls_server, tmp_path, version):
    """The session was verified when it began; a server that still takes its ticket is the same one."""
    tls_server.offer(False)
    tls_server.version(version)
    own = tls_server.dsn(tls_session_file=tmp_path / "sessions")
    assert hellos(driver, tls_server, own) == ([False], [0])
    tls_server.certificate("client-only", "keep")
    assert hellos(driver, tls_server, own) == ([True], [1])


def sends_to_clear(driver, tls_server, octets, status):
    driver.open(tls_server.clear_dsn())
    receipt = driver.send(TO[:1], octets)
    driver.close()
    assert receipt["status"] == status, receipt


def on_the_wire(octets, chunking):
    """How much of the wire a text of the driver takes: CR before each LF and, with DATA, a dot before each dot."""
    return octets + octets // 60 + (0 if chunking else (octets + 119) // 120)


@pytest.mark.parametrize("chunking", [False, True], ids=["data", "bdat"])
def test_part_of_the_terminator_left_the_buffer(driver, tls_server, chunking):
    """
    The server's window closes within the terminator, what is behind it stays in the client's kernel, and then comes RST.
    The client's kernel had taken the whole, so that nobody can say.
    """
    tls_server.offer(chunking)
    tls_server.fault("none", "none")
    sends_to_clear(driver, tls_server, 1000, "sent")
    around = tls_server.take("read" if chunking else "content")[0] - on_the_wire(1000, chunking)
    tls_server.fault("window", "data")
    sends_to_clear(driver, tls_server, 20000, "in_doubt")
    window = tls_server.take("unread")[0]
    assert window < 20000
    left_behind = []
    for octets in range(window - around - 500, window):
        behind = on_the_wire(octets, chunking) + around - window
        if behind in (1, 2) and len(left_behind) < 2:
            sends_to_clear(driver, tls_server, octets, "in_doubt")
            left_behind.append(behind + window - tls_server.take("unread")[0])
    assert left_behind == [1, 2], "octets of the terminator that had not come"
