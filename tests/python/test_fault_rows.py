# SPDX-License-Identifier: MIT
"""A row of each section of the fault table (tests/faults), through the Python package, judged as the C library's are."""

import pathlib
import sys

import pytest
from support import SmtpServer

import facteur

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "faults"))
import table  # noqa: E402
import test_faults  # noqa: E402


class Driver:
    """What tests/faults/conftest.py calls a driver, over facteur.Mailer."""

    mailer = None

    def open(self, dsn):
        self.mailer = facteur.Mailer(dsn)

    def send(self, recipients, octets=200, deadline=10.0):
        text = "x" * 60 + "\n"
        message = facteur.Message(
            from_="shop@shop.example", to=recipients, subject="fault", text=text * (octets // len(text) + 1)
        )
        try:
            receipt = self.mailer.send(message, deadline=deadline)
        except facteur.SendError as error:
            receipt = error.receipt
            kinds = {"temporary": facteur.TemporaryError, "permanent": facteur.PermanentError,
                     "in_doubt": facteur.InDoubtError}
            assert isinstance(error, kinds[receipt.status])
        rejected = {address: {"code": reply.code} for address, reply in receipt.rejected.items()}
        return {"status": receipt.status, "accepted": list(receipt.accepted), "rejected": rejected,
                "phase": receipt.phase, "reply": {"code": receipt.reply.code}, "error": receipt.error}

    def close(self):
        self.mailer.close()


@pytest.fixture(scope="module")
def fault_server():
    with SmtpServer("--plain", "--starttls", "--implicit-tls", "--auth", "ana:secret", "--no-auth-required") as made:
        yield made


def sample():
    """The first and the last scene of each row: clear and TLS, one by one and by BDAT."""
    for number in table.SAMPLE:
        scenes = [case for case in test_faults.cases() if str(case.values[0].number) == number]
        yield from [scenes[0], scenes[-1]] if len(scenes) > 1 else scenes


@pytest.mark.parametrize("row,listener,state,count,mode", sample())
def test_row(fault_server, row, listener, state, count, mode):
    test_faults.test_row(Driver(), fault_server, row, listener, state, count, mode)
