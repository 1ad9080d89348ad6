# SPDX-License-Identifier: MIT
"""The table of shops' and strangers' data (tests/corpus/shops) through Python, with and without a loop, one or many."""
import asyncio
import html
import re

import pytest
from support import shops

import facteur

MAILER = {"default_from": "shop@example.com", "contact_to": "team@example.com"}
COMPOSE = {"order_confirmation": facteur.order_confirmation, "contact_form": facteur.contact_form}


def options_of(row):
    return {"from_" if name == "from" else name: value for name, value in row.get("options", {}).items()}


def sent(mailer, row):
    return mailer.send_letter(shops.kind_of(row), shops.letter_of(row), **options_of(row))


def visible(part):
    return html.unescape(re.sub("<[^>]*>", " ", part))


@pytest.mark.parametrize("row", [row for _, row in shops.ROWS], ids=shops.NAMES)
def test_what_comes_of_it(row):
    with facteur.Mailer("memory://", **MAILER) as mailer:
        if row["status"] == "error":
            with pytest.raises(facteur.MessageError) as told:
                sent(mailer, row)
            assert told.value.where == row["where"] and not mailer.captured
            return
        receipt = sent(mailer, row)
        assert receipt.status == row["status"], receipt
        shops.check_notes(row, receipt.notes)
        if receipt.ok:
            message = mailer.captured[0].message
            text, page = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
            shops.check_parts(row, text, page + visible(page))
            assert message["Subject"].startswith(row.get("subject", ""))
            assert row.get("header_absent", "X-Absent") not in message
        else:
            assert receipt.error_code == "EMESSAGE" and receipt.error.startswith(row["error"]) and not mailer.captured


def test_nothing_is_raised_in_a_loop_either():
    rows = [row for _, row in shops.ROWS if row["status"] != "error"]

    async def send_all(mailer):
        return await asyncio.gather(*(
            mailer.asend_letter(shops.kind_of(row), shops.letter_of(row), **options_of(row)) for row in rows
        ))

    with facteur.Mailer("memory://", **MAILER) as mailer:
        for row, receipt in zip(rows, asyncio.run(send_all(mailer))):
            assert receipt.status == row["status"]
            shops.check_notes(row, receipt.notes)


def test_letters_go_among_many_mails():
    """A letter is composed whoever mistyped an address: one of many does not stop the others."""
    rows = [row for _, row in shops.ROWS if row["status"] != "error"]
    letters = (
        COMPOSE[shops.kind_of(row)](shops.letter_of(row), **{"from_": "shop@example.com"} | (
            {"to": "team@example.com"} if shops.kind_of(row) == "contact_form" else {}) | options_of(row))
        for row in rows
    )
    with facteur.Mailer("memory://") as mailer:
        for row, receipt in zip(rows, mailer.send_many(letters), strict=True):
            assert receipt.status == row["status"] and receipt.error.startswith(row.get("error", ""))
            shops.check_notes(row, receipt.notes)


def test_a_composed_letter_without_a_recipient_says_why(order):
    order["customer"]["email"] = "zoe@example..com"
    message = facteur.order_confirmation(order, from_="shop@example.com")
    assert message.notes[0].startswith("customer.email: ") and b"undisclosed-recipients" in bytes(message)
    with facteur.Mailer("memory://") as mailer, pytest.raises(facteur.MessageError) as told:
        mailer.send(message)
    assert told.value.where == "customer.email"


def test_an_attachment_may_be_missing(order, form, tmp_path):
    """It is not there yet: the receipt says so, and the same call sends it later."""
    bill = tmp_path / "bill.pdf"
    with facteur.Mailer("memory://", **MAILER) as mailer:
        for send in (lambda: mailer.send_order_confirmation(order, attachments=[bill]),
                     lambda: mailer.send_contact_form(form, attachments=[facteur.Attachment(bill)]),
                     lambda: asyncio.run(mailer.asend_order_confirmation(order, attachments=[bill]))):
            receipt = send()
            assert (receipt.status, receipt.error_code) == ("temporary", "EIO")
            assert "bill.pdf" in receipt.error and not mailer.captured
        message = facteur.order_confirmation(order, from_="shop@example.com", attachments=[bill])
        with pytest.raises(facteur.MessageError, match="bill.pdf"):
            bytes(message)
        assert [receipt.status for receipt in mailer.send_many([message])] == ["temporary"]
        bill.write_bytes(b"%PDF-1.7")
        assert mailer.send_order_confirmation(order, attachments=[bill]).ok and mailer.send(message).ok
        for mail in mailer.captured:
            assert [part.get_content() for part in mail.message.iter_attachments()] == [b"%PDF-1.7"]
        assert mailer.send_order_confirmation(order, attachments=[tmp_path]).status == "temporary"


def test_a_broken_text_in_an_option_is_mended(order):
    with facteur.Mailer("memory://", **MAILER) as mailer:
        receipt = mailer.send_order_confirmation(order, subject="half \ud83d")
        assert receipt.ok and mailer.captured[0].message["Subject"] == "half \ufffd"
        assert receipt.notes == ("the data had broken characters or NULs, which were replaced",)
