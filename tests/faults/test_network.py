# SPDX-License-Identifier: MIT
"""Rows 1, 16, 70, 102 and 129 of docs/faults.md, on a network that loses what it should: packets to a black hole, flows that a NAT forgot."""

import socket
import subprocess
import time

import pytest
from conftest import DRIVER, Driver
from network import FAR, FAR6, HOLE, HOLE6, NEAR, NEAR6, Network
from support import Proxy, SmtpServer

MODES = {"single": {"pipelining": False, "chunking": False}, "pipelining": {"pipelining": True, "chunking": False},
         "chunking": {"pipelining": True, "chunking": True}}
TO = ["ana@example.org"]
MUCH = 9.0  # seconds: more than a busy machine adds, less than the deadline that a lost packet would cost


@pytest.fixture(scope="module")
def network():
    try:
        made = Network().__enter__()
    except OSError as error:
        pytest.skip("no network namespace with a TUN device here: %s" % error)
    yield made
    made.__exit__()


@pytest.fixture(scope="module")
def far(network):
    """The server behind the mirror."""
    with SmtpServer("--plain", "--host", NEAR, "--host", NEAR6) as made:
        yield made


@pytest.fixture
def client(far, tmp_path, request):
    """A driver that knows the names it is told."""
    mounts = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True)
    if mounts.returncode:
        pytest.skip("no mount namespace here (as in a chroot): " + mounts.stderr.strip())
    hosts = tmp_path / "hosts"
    hosts.write_text("".join("%s relay.test\n" % address for address in getattr(request, "param", [])))
    driver = Driver(command=["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$1"', hosts, DRIVER])
    far.script([])
    far.options(**MODES["chunking"])
    far.reset()
    yield driver
    driver.close()
    assert driver.end() == 0
    assert far.violations() == []


def dsn(far, host, **query):
    return far.dsn("plain", host=host, helo="client.example", **query)


@pytest.mark.parametrize("client", [[]], indirect=True)
def test_lost_syn(client, far):
    client.open(dsn(far, HOLE, connect_timeout=0.5))
    began = time.monotonic()
    receipt = client.send(TO)
    assert (receipt["status"], receipt["phase"]) == ("temporary", "connect"), receipt
    assert 0.4 < time.monotonic() - began < MUCH
    client.open(dsn(far, HOLE))
    receipt = client.send(TO, deadline=0.5)
    assert (receipt["status"], receipt["phase"], receipt["error"]["code"]) == ("temporary", "connect", "EDEADLINE"), receipt
    assert far.stats()["connections"] == 0


@pytest.mark.parametrize("client", [[HOLE, FAR], [HOLE6, FAR6], [HOLE, HOLE6, FAR6]], indirect=True, ids=["v4", "v6", "both"])
def test_lost_syn_next_address(client, far):
    client.open(dsn(far, "relay.test"))
    began = time.monotonic()
    assert client.send(TO)["status"] == "sent"
    assert time.monotonic() - began < MUCH
    assert far.stats()["connections"] == 1


@pytest.mark.parametrize("client", [[HOLE6, FAR]], indirect=True, ids=["v6"])
def test_lost_family(client, far):
    client.open(dsn(far, "relay.test"))
    began = time.monotonic()
    receipt = client.send(TO)
    took = time.monotonic() - began
    assert receipt["status"] == "sent", receipt
    assert 0.2 < took < MUCH and receipt["timings"]["connect"] > 0.24, (took, receipt["timings"])


@pytest.mark.parametrize("client", [[]], indirect=True)
def test_a_far_relay_is_no_blocked_port(client, network, far):
    """A connection that takes longer than the turn of another address leaves the other ports alone."""
    with SmtpServer("--plain", "--host", NEAR) as second:
        client.open("smtp://%s?tls=none&helo=client.example&ports=%d,%d" % (FAR, far.ports["plain"], second.ports["plain"]))
        network.delay(0.3)
        receipt = client.send(TO, deadline=30.0)
        network.delay(0.0)
        assert receipt["status"] == "sent", receipt
        assert receipt["timings"]["connect"] > 0.5
        other = second.ports["plain"].to_bytes(2, "big")
        assert not [flow for flow in network.flows if other in flow]
    far.disconnect("reset")


@pytest.mark.parametrize("client", [[]], indirect=True)
def test_a_blocked_port_costs_a_second(client, network, far):
    """Its packets are lost on the way to it; the other one is reached meanwhile."""
    blocked = next(port for port in range(2525, 2600) if port != far.ports["plain"])
    network.lost_ports.add(blocked)
    client.open("smtp://%s?tls=none&helo=client.example&ports=%d,%d" % (FAR, blocked, far.ports["plain"]))
    receipt = client.send(TO, deadline=30.0)
    assert receipt["status"] == "sent", receipt
    assert 0.9 < receipt["timings"]["connect"] < MUCH
    assert client.send(TO)["status"] == "sent" and far.stats()["connections"] == 1
    far.disconnect("reset")


@pytest.mark.parametrize("idle_s", [0.0, 0.3])
@pytest.mark.parametrize("mode", list(MODES))
def test_forgotten_flow(client, network, far, mode, idle_s):
    """Idle for longer than fresh_ms: known as not sent, and redone.  Before that, a whole mail in one flight is in doubt."""
    far.options(**MODES[mode])
    client.open(dsn(far, FAR, fresh_ms=200 if idle_s else 60000, command_timeout=1.5))
    assert client.send(TO)["status"] == "sent"
    network.forget()
    time.sleep(idle_s)
    doubt = mode == "chunking" and not idle_s
    receipt = client.send(TO, deadline=5.0 if doubt else 20.0)
    assert receipt["status"] == ("in_doubt" if doubt else "sent"), receipt
    assert far.stats()["mails"] == (1 if doubt else 2)
    far.disconnect("reset")


@pytest.mark.parametrize("forgotten", [False, True])
def test_signs_of_life(client, network, far, forgotten):
    """Idle for longer than fresh_ms: a relay whose system answered the kernel meanwhile gets the whole mail in one flight."""
    client.open(dsn(far, FAR, fresh_ms=2000))
    assert client.send(TO)["status"] == "sent"
    if forgotten:
        network.forget()
    # The sign must be young: on a busy machine the send may come too late for one, but not each time.
    for count in range(2, 6):
        time.sleep(4.5)
        receipt = client.send(TO, deadline=20.0)
        assert receipt["status"] == "sent", receipt
        assert receipt["attempts"] == (2 if forgotten else 1)
        assert far.stats()["mails"] == count
        if forgotten or receipt["flights"] == 1:
            break
    assert forgotten or receipt["flights"] == 1
    far.disconnect("reset")


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("host", ["127.0.0.1", FAR], ids=["beside", "far"])
def test_signs_of_life_of_a_proxy(client, far, host, lost):
    """They say nothing of the relay: the mail is held back, and redone on a new connection."""
    with Proxy((NEAR, far.ports["plain"]), host="0.0.0.0", delay_s=0.0 if host == "127.0.0.1" else 0.02) as proxy:
        client.open(f"smtp://{host}:{proxy.port}?tls=none&helo=client.example&fresh_ms=2000")
        assert client.send(TO)["status"] == "sent"
        if lost:
            proxy.lose()
        time.sleep(4.5)
        receipt = client.send(TO, deadline=20.0)
        assert (receipt["status"], receipt["attempts"]) == ("sent", 2 if lost else 1), receipt
        assert lost or receipt["flights"] == 2
        assert (proxy.connections, far.stats()["mails"]) == (1 + lost, 2)
        far.disconnect("reset")


RECIPIENTS = ["recipient-%04d@a-longer-domain.example.org" % number for number in range(1000)]


@pytest.fixture(scope="module")
def tight(network):
    """Small buffers at both ends, and a server that reads nothing while a reply of its own is unread."""
    network.buffers(4096, 4096)
    with SmtpServer("--plain", "--host", NEAR, "--half-duplex") as made:
        yield made
        assert made.violations() == []
    network.buffers(65536, 131072)


@pytest.mark.parametrize("mode", ["pipelining", "chunking"])
def test_a_thousand_recipients_through_small_buffers(client, tight, mode):
    tight.options(**MODES[mode])
    client.open(dsn(tight, FAR))
    receipt = client.send(RECIPIENTS)
    assert receipt["status"] == "sent", receipt["error"]
    assert sorted(receipt["accepted"]) == RECIPIENTS and receipt["rejected"] == {}


def test_who_writes_before_reading_is_stuck_there(tight):
    """Else the test above would show nothing."""
    tight.options(**MODES["pipelining"])
    with socket.create_connection((FAR, tight.port), timeout=1.0) as naive:
        naive.recv(1024)
        naive.sendall(b"EHLO client.example\r\n")
        naive.recv(1024)
        with pytest.raises(TimeoutError):
            naive.sendall(b"MAIL FROM:<shop@shop.example>\r\n" + b"".join(b"RCPT TO:<%s>\r\n" % to.encode() for to in RECIPIENTS))
