# SPDX-License-Identifier: MIT
"""Forms of the text, attachments out of file objects, threads and priority, as Python's email reads them."""

import email
import email.header
import email.message
import email.policy
import email.utils
import io
import os
import pickle
import subprocess
import sys
import threading

import pytest

import facteur

CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Übergabe\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"


def message(**fields):
    return facteur.Message(**{"from_": "a@example.com", "to": "b@example.com"} | fields)


def parsed(**fields):
    return email.message_from_bytes(bytes(message(**fields)), policy=email.policy.default)


def shape(part):
    """The tree of media types."""
    if not part.is_multipart():
        return part.get_content_type()
    return {part.get_content_type(): [shape(child) for child in part.iter_parts()]}


def test_the_whole_tree():
    made = parsed(
        text="t",
        html='<img src="cid:logo">',
        alternatives=[("text/calendar", CALENDAR), ("text/x-amp-html", "<!doctype html><html ⚡4email>")],
        attachments=[
            facteur.Attachment(b"png", name="logo.png", inline="logo"),
            facteur.Attachment(b"pdf", name="Rechnung, 2026 – „März“.pdf"),
        ],
    )
    forms = ["text/plain", "text/x-amp-html", "text/html", "text/calendar"]
    assert shape(made) == {
        "multipart/mixed": [
            {"multipart/related": [{"multipart/alternative": forms}, "image/png"]},
            "application/pdf",
        ]
    }
    leaves = {part.get_content_type(): part for part in made.walk()}
    assert leaves["text/x-amp-html"].get_content() == "<!doctype html><html ⚡4email>"
    assert leaves["text/calendar"].get_content().replace("\r\n", "\n") == CALENDAR.replace("\r\n", "\n")
    assert leaves["text/calendar"].get_param("method") == "REQUEST"
    assert leaves["multipart/related"].get_param("type") == "multipart/alternative"
    assert leaves["image/png"]["Content-ID"] == "<logo>"
    assert leaves["application/pdf"].get_filename() == "Rechnung, 2026 – „März“.pdf"
    assert not any(part.defects for part in made.walk())


@pytest.mark.parametrize(
    ("text", "html", "expected"),
    [
        (None, None, "text/calendar"),
        ("t", None, {"multipart/alternative": ["text/plain", "text/calendar"]}),
        (None, "<p>", {"multipart/alternative": ["text/html", "text/calendar"]}),
    ],
)
def test_each_level_only_where_needed(text, html, expected):
    fields = {"text": text, "html": html, "alternatives": [("text/calendar", CALENDAR)]}
    assert shape(parsed(**fields)) == expected
    assert shape(parsed(**fields, attachments=[b"x"])) == {
        "multipart/mixed": [expected, "application/octet-stream"]
    }


@pytest.mark.parametrize(
    ("alternatives", "part"),
    [
        ("text/x", "a list of (type, content) tuples"),
        (["text/x"], "a (type, content) tuple"),
        ([("text/x", b"a")], "expected str"),
        ([("text/plain", "a")], "fields text and html"),
        ([("text/x\0", "a")], "NUL"),
        ([("text/calendar", "SUMMARY:a")], "BEGIN:VCALENDAR"),
        ([("text/calendar; method=CANCEL", CALENDAR)], 'METHOD is "REQUEST"'),
    ],
)
def test_forms_that_are_none(alternatives, part):
    with pytest.raises(facteur.MessageError, match="alternatives") as caught:
        message(alternatives=alternatives)
    assert part in str(caught.value)
    assert caught.value.where == "alternatives"


def test_attributes_are_what_was_given():
    made = message(alternatives=[("text/x", "a")], priority="low")
    assert (made.alternatives, made.priority) == ((("text/x", "a"),), "low")
    assert (message().alternatives, message().priority) == ((), None)


# ---- File objects --------------------------------------------------------------------------------


class Trickle(io.RawIOBase):
    """Gives one byte at a time, as a socket may."""

    def __init__(self, data):
        self.data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        one = self.data.read(1)
        buffer[: len(one)] = one
        return len(one)


def pipe_of(data):
    reader, writer = os.pipe()
    thread = threading.Thread(target=lambda: (os.write(writer, data), os.close(writer)))
    thread.start()
    return open(reader, "rb")


def content(made):
    (part,) = email.message_from_bytes(bytes(made), policy=email.policy.default).iter_attachments()
    return part.get_payload(decode=True)


@pytest.mark.parametrize("open_as", [io.BytesIO, Trickle, pipe_of])
def test_every_binary_stream(open_as):
    data = bytes(range(256)) * 9
    with open_as(data) as stream:
        attachment = facteur.Attachment(stream, name="a.bin")
    # Closed, and used twice: the content is the attachment's own.
    assert content(message(text="t", attachments=[attachment])) == data
    assert content(message(text="t", attachments=[attachment])) == data
    assert pickle.loads(pickle.dumps(attachment)).data == data
    assert repr(attachment) == "Attachment(<stream>, name='a.bin', type=None)"


def test_a_file_gives_its_name_and_what_is_left(tmp_path):
    path = tmp_path / "facture.pdf"
    path.write_bytes(b"headtail")
    with path.open("rb") as file:
        file.read(4)
        made = message(text="t", attachments=[file])
    path.write_bytes(b"changed since")
    assert content(made) == b"tail"
    assert made.attachments[0].name == "facture.pdf"


@pytest.mark.filterwarnings("error")
def test_a_copy_is_closed_with_its_attachment():
    before = len(os.listdir("/proc/self/fd"))
    attachment = facteur.Attachment(io.BytesIO(b"data"), name="a")
    made = message(text="t", attachments=[attachment])
    assert len(os.listdir("/proc/self/fd")) > before
    del attachment, made
    assert len(os.listdir("/proc/self/fd")) == before


def test_streams_that_cannot_be_read(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("text")
    with path.open() as text, pytest.raises(facteur.MessageError, match="text mode"):
        facteur.Attachment(text)
    with path.open("ab") as unreadable, pytest.raises(facteur.MessageError, match="cannot be read"):
        facteur.Attachment(unreadable)
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with open(reader, "rb", buffering=0) as waiting, pytest.raises(facteur.MessageError, match="nothing to give"):
        facteur.Attachment(waiting)
    os.close(writer)

    class Broken:
        def read(self, size):
            raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError):
        facteur.Attachment(Broken(), name="a")


PEAK = """
import facteur, os, re, sys

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])

path, how, out = sys.argv[1:]
mailer = facteur.Mailer("file://" + out)
make = lambda: facteur.Message(from_="a@example.com", to="b@example.com",
                               attachments=[facteur.Attachment(path if how == "path" else open(path, "rb"))])
mailer.send(facteur.Message(from_="a@example.com", to="b@example.com", text="warm"))
open("/proc/self/clear_refs", "w").write("5")
before = peak()
mailer.send(make())
print(peak() - before)
"""


@pytest.mark.parametrize("how", ["path", "stream"])
def test_25_mb_are_never_whole_in_memory(tmp_path, how):
    source = tmp_path / "big.bin"
    with source.open("wb") as file:
        file.truncate(25 << 20)
    out = tmp_path / "out"
    out.mkdir()
    done = subprocess.run([sys.executable, "-c", PEAK, source, how, out], check=True, capture_output=True)
    assert int(done.stdout) < 4096
    assert max(path.stat().st_size for path in out.rglob("*.eml")) > 33 << 20


# ---- Headers and charsets ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "charset"),
    [("é".encode(), "utf-8"), ("é".encode("latin-1"), None), (b"e", None), (b"\xf0\x9f\x93", None)],
)
def test_the_charset_of_a_text(tmp_path, data, charset):
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    for attachment in (
        facteur.Attachment(data, name="a.csv"),
        facteur.Attachment(path),
        facteur.Attachment(io.BytesIO(data), name="a.csv"),
    ):
        (part,) = parsed(text="t", attachments=[attachment]).iter_attachments()
        assert part.get_content_type() == "text/csv"
        assert part.get_param("charset") == charset


def test_a_character_cut_by_the_step(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"a" + "😀".encode() * 40000)
    (part,) = parsed(text="t", attachments=[path]).iter_attachments()
    assert part.get_param("charset") == "utf-8"


@pytest.mark.parametrize(
    ("priority", "expected"),
    [
        ("high", ("1", "high", "urgent")),
        ("low", ("5", "low", "non-urgent")),
        ("normal", (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_priority(priority, expected):
    made = parsed(priority=priority)
    assert (made["X-Priority"], made["Importance"], made["Priority"]) == expected


def test_a_thread_ends_with_its_parent():
    made = parsed(in_reply_to="<2@x.example>", references=["1@x.example"])
    assert made["References"] == "<1@x.example> <2@x.example>"


def test_headers_that_hold_addresses():
    given = '"Müller, J. 🙂" <j@bücher.example>, "שלום" <s@example.com>'
    made = message(headers={"Disposition-Notification-To": given})
    raw = email.message_from_bytes(bytes(made))["Disposition-Notification-To"]
    assert [
        (str(email.header.make_header(email.header.decode_header(name))), address)
        for name, address in email.utils.getaddresses([raw])
    ] == [("Müller, J. 🙂", "j@xn--bcher-kva.example"), ("שלום", "s@example.com")]
    with pytest.raises(facteur.MessageError) as caught:
        message(headers={"Disposition-Notification-To": "nobody at all"})
    assert caught.value.where == "Disposition-Notification-To"
