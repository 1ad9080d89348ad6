# SPDX-License-Identifier: MIT
"""Many refusals among good mails, at an Exim that hides its name: it hangs up at the eleventh RSET that no mail follows."""

import pytest
import real_mtas
from real_server import addresses, started

facteur = pytest.importorskip("facteur", reason="the Python package is not installed")

MAILS = 120


@pytest.fixture(scope="module")
def exim():
    with started(real_mtas.HiddenExim) as running:
        yield running


@pytest.mark.parametrize("mode", ["plain", "implicit"])
def test_every_verdict_is_heard(exim, mode):
    """Twelve of the first sixteen are refused, and two in five of the rest; in flight together on one connection."""
    refused = [number % 4 != 3 if number < 16 else number % 5 < 2 for number in range(MAILS)]
    messages = [facteur.Message(from_="shop@shop.example", to="nobody@inbox.example" if no else addresses()[0], text="x")
                for no in refused]
    with facteur.Mailer(exim.dsn(mode), pool_size=1) as mailer:
        statuses = [receipt.status for receipt in mailer.send_many(messages, deadline=30)]
    assert statuses == ["permanent" if no else "sent" for no in refused], exim.output()
    assert b"too many nonmail" not in b"".join(exim.files("root/var/log/exim4").values())
