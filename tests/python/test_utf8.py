# SPDX-License-Identifier: MIT
"""Long text outside ASCII, which the module encodes itself: the bytes are those of str.encode()."""

import email
import pathlib
import random
import re

import pytest

import facteur

LONG, PIECE, BLOCK = 256, 4096, 16  # of bindings/python/utf8.c
EDGES = "\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"
SURROGATES = "\ud800\udbff\udc00\udfff"


def sent(text):
    """The bytes of the text part."""
    raw = bytes(facteur.Message(from_="a@example.com", to="b@example.net", text=text))
    return email.message_from_bytes(raw).get_payload(decode=True).replace(b"\r\n", b"\n")


def check(text):
    assert sent(text).removesuffix(b"\n") == text.encode()


@pytest.mark.parametrize("plane", range(17))
def test_every_character(plane):
    check("".join(map(chr, range(plane << 16, (plane + 1) << 16))).translate({13: None} | dict.fromkeys(range(0xD800, 0xE000))))


@pytest.mark.parametrize("character", EDGES)
@pytest.mark.parametrize("length", [LONG, PIECE, 2 * PIECE])
def test_at_every_edge(character, length):
    """One character outside ASCII at each place of a block before and behind the edge, in text that ends near it."""
    for place in range(length - BLOCK - 1, length + BLOCK + 1):
        check("x" * place + character)
        check("x" * place + character + "é" * 3 + "y" * BLOCK)


@pytest.mark.parametrize("seed", range(8))
def test_random_text(seed):
    choose = random.Random(seed)
    alphabets = ("abc de\n", "éèñß ", "Зима, ", "漢字。", "😀🎉", EDGES)
    for _ in range(40):
        runs = (choose.choices(choose.choice(alphabets), k=choose.randrange(60)) for _ in range(choose.randrange(1, 300)))
        check("".join(map("".join, runs)) + ".")


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_lone_surrogates(surrogate):
    with pytest.raises(facteur.MessageError) as short:
        sent(surrogate)
    for before in (0, 1, BLOCK - 1, BLOCK, LONG, PIECE - 1, PIECE, PIECE + 1):
        for text in ("x" * before + surrogate + "é" * LONG, "é" * LONG + "x" * before + surrogate):
            with pytest.raises(facteur.MessageError) as long:
                sent(text)
            assert (str(long.value), long.value.where) == (str(short.value), "text")


def test_subclass_of_str():
    class Liar(str):
        def isascii(self):
            return True

        def __len__(self):
            return 1

    check(Liar("é" * 2 * PIECE))


def test_where_text_may_be_long(order):
    text = "“€” " * PIECE
    message = facteur.Message(
        from_="a@example.com", to="b@example.net", text=text, html=text, alternatives=[("text/x-amp-html", text)]
    )
    parts = list(email.message_from_bytes(bytes(message)).walk())[1:]
    assert [part.get_payload(decode=True).split() for part in parts] == [text.encode().split()] * 3
    letter = facteur.order_confirmation({**order, "notes": text}, to="b@example.net")
    assert "".join(text.split()) in "".join(letter.text.split())


def test_memory():
    """Of a long text, never four bytes for each of its characters at once."""
    text = "é" + "x" * (8 << 20)
    pathlib.Path("/proc/self/clear_refs").write_text("5")
    status = pathlib.Path("/proc/self/status")
    before = int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])
    facteur.Message(from_="a@example.com", to="b@example.net", text=text)
    assert int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) - before < 24 << 10


def test_memory_that_runs_out():
    testcapi = pytest.importorskip("_testcapi")
    fields = {"from_": "a@example.com", "to": "b@example.net", "text": "é" * 4 * PIECE}
    outcomes = []
    for nth in range(1, 40):
        try:
            testcapi.set_nomemory(nth, nth + 1)
            facteur.Message(**fields)
        except MemoryError:
            outcomes.append(nth)
        finally:
            testcapi.remove_mem_hooks()
    assert len(outcomes) > 5
