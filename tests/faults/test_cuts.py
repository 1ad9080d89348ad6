# SPDX-License-Identifier: MIT
"""The connection cut after every octet, in both directions, and an oracle that tells from the server's journal which class is right."""

import json

import pytest

LETTER = {"sent": "S", "temporary": "T", "permanent": "P", "in_doubt": "A"}
MODES = {"single": {"pipelining": False, "chunking": False}, "pipelining": {"pipelining": True, "chunking": False},
         "chunking": {"pipelining": True, "chunking": True}}
TO = ["ana@example.org", "bob@example.org"]


def right_classes(mode, entries, connections):
    """
    The classes that are true.  A whole verdict of 2yz that was sent is S: what the kernel holds can be read, also
    behind a reset.  A mail that came whole and has no whole verdict is A.  Before that, only the client knows whether its
    kernel had taken the end of the mail; with DATA it cannot have before the 354, with BDAT not before the login.
    """
    last = entries[-1] if entries else None
    if last and last["complete"]:
        return "S" if last["verdict"] and last["verdict"]["sent"] else "A"
    begun = connections[-1]["user"] is not None if mode == "chunking" else last is not None and last["via"] == "DATA"
    return "TA" if begun else "T"


def clean_run(driver, server, listener, how):
    """One send with this script in force; returns the receipt, the server's entries and connection."""
    server.reset()
    driver.open(server.dsn(listener, "ana", "secret", helo="client.example"))
    receipt = driver.send(TO, deadline=0.3 if how == "stall" else 10.0)
    driver.close()
    assert server.wait(open=0)
    return receipt, server.transactions(), server.stats()["per_connection"]


@pytest.mark.parametrize("side", ["received", "sent"])
@pytest.mark.parametrize("how", ["fin", "reset", "stall"])
@pytest.mark.parametrize("mode", list(MODES))
@pytest.mark.parametrize("listener", ["plain", "implicit"])
def test_cut_after_every_octet(driver, server, listener, mode, how, side):
    server.disconnect("reset")
    server.wait(open=0)
    server.script([])
    server.options(**MODES[mode])
    receipt, _, (whole,) = clean_run(driver, server, listener, "fin")
    assert receipt["status"] == "sent", receipt
    step = 29 if how == "stall" else 1 if listener == "plain" else 3
    for octets in range(0, whole[side], step):
        server.script([{"on": "bytes", side: octets, "then": how}])
        receipt, entries, connections = clean_run(driver, server, listener, how)
        told = LETTER[receipt["status"]]
        right = right_classes(mode, entries, connections)
        assert told in right, (octets, told, right, json.dumps([receipt, entries]))
        assert len(connections) <= 2, (octets, "tried %d times" % len(connections), receipt["attempts"])
        assert receipt["accepted"] == (TO if told == "S" else []), receipt
        assert receipt["rejected"] == {}, (octets, receipt["rejected"])
    assert server.violations() == []
