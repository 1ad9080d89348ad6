# SPDX-License-Identifier: MIT
"""Hypothesis strategies out of core/schema: any JSON that a schema accepts, with what strangers and shops put into texts."""
import json
import pathlib

import hypothesis.strategies as st
import jsonschema

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "core/schema"
# Half characters, controls, signs of HTML, of templates and of header fields; and long words.
CHARACTER = st.characters(max_codepoint=0x1FFFF)
TEXT = st.text(CHARACTER, max_size=24) | st.sampled_from(
    ["", " ", "a\r\nBcc: b@example.com", "<script>alert(1)</script>", "{{name}} {name}", "&amp;", "x" * 90, "مرحبا", "Zoe\u2028Martin",
     "half \ud83d", "\udc00", "NUL\0", "l1\nl2\r\nl3", "%s%n", "\u202eevil", "0", "-", "…", "a" * 30 + " " + "b" * 60, "=?utf-8?q?x?="])
VISIBLE = TEXT.map(lambda text: text + "x")
DIGITS = st.integers(0, 10**9).map(str)
FRACTION = st.text("0123456789", min_size=1, max_size=30)
AMOUNT = st.integers(-(10**9), 10**9) | DIGITS | st.builds("{}.{}".format, DIGITS, FRACTION) | st.builds("-{}.{}".format, DIGITS, FRACTION) \
    | st.builds("{}E+{}".format, st.integers(1, 999), st.integers(0, 4)) | st.builds("{}e-{}".format, DIGITS, st.integers(0, 40))
POSITIVE = AMOUNT.map(lambda amount: abs(amount) if isinstance(amount, int) else amount.lstrip("-"))
QUANTITY = st.integers(1, 9999) | st.builds("{}.{}".format, st.integers(1, 99), FRACTION)
URL = st.builds("https://shop.example/{}".format, TEXT) | TEXT | st.sampled_from(
    ["http://x", "HTTPS://x/a b", "//cdn.example/a.png", "/a.png", "javascript:alert(1)", "cid:lamp", "https://", "data:text/html,x"])
MOMENT = st.datetimes().map(lambda moment: moment.replace(microsecond=0).isoformat())
DAY = st.dates().map(str) | MOMENT | MOMENT.map("{}+01:00".format) | st.sampled_from(["", "0000-00-00", "0000-00-00 00:00:00", "2028-02-29"])
BY_NAME = {"amount": AMOUNT, "positive": POSITIVE, "quantity": QUANTITY, "link": URL, "picture": URL, "day": DAY}
CURRENCY = st.sampled_from(["EUR", "usd", "JPY", "KWD", "XCG", "ZWG", "QQQ"])
LOCALE = st.sampled_from(["en", "en_US.UTF-8", "C"]) | st.sampled_from(["fr", "pt_PT_ao90", "sr@latin", "zh_Hant_TW", "ar", "??", ""]) | TEXT
# What a mail needs besides its letter: the merchant's addresses are the programmer's to give.
BY_PATH = {"currency": CURRENCY, "locale": LOCALE, "merchant.email": st.none(), "merchant.reply_to": st.just("shop@example.com"),
           "taxes[].rate": POSITIVE.filter(lambda rate: isinstance(rate, str)) | st.floats(0, 100), "trap": st.just("")}


class Schema:
    def __init__(self, kind):
        self.root = json.loads((SCHEMAS / f"{kind}.json").read_text())
        self.validator = jsonschema.Draft202012Validator(self.root)

    def strategy(self):
        # Python's "$" also matches before a line feed at the end, which the validators of other languages do not.
        return self.of(self.root, "").filter(self.validator.is_valid)

    def of(self, schema, path):
        if path in BY_PATH:
            return BY_PATH[path]
        name = schema.get("$ref", "").rpartition("/")[2]
        whole = {**self.root["$defs"].get(name, {}), **schema}
        kinds = whole["type"] if isinstance(whole["type"], list) else [whole["type"]]
        return st.one_of([self.of_type(kind, name, whole, path) for kind in kinds])

    def of_type(self, kind, name, schema, path):
        if name in BY_NAME and kind in ("string", "integer"):
            return BY_NAME[name]
        if kind == "string":
            visible = "pattern" in schema and path != "shipping"
            return POSITIVE.filter(lambda amount: isinstance(amount, str)) if path == "shipping" else VISIBLE if visible else TEXT
        if kind == "array":
            return st.just([]) if schema.get("maxItems") == 0 else st.lists(self.of(schema["items"], path + "[]"),
                                                                           min_size=schema.get("minItems", 0), max_size=4)
        if kind == "object":
            return self.of_object(schema, path)
        return {"integer": st.integers(0, 10**9), "number": st.floats(0, 10**6), "boolean": st.booleans(), "null": st.none()}[kind]

    def of_object(self, schema, path):
        if "properties" not in schema:
            return st.dictionaries(TEXT, self.of(schema["additionalProperties"], path + "[]"), max_size=3)
        members = {name: self.of(member, f"{path}.{name}".removeprefix(".")) for name, member in schema["properties"].items()}
        needed = schema.get("required", [])
        made = st.fixed_dictionaries({name: members.pop(name) for name in needed}, optional=members)
        if not isinstance(schema.get("additionalProperties"), dict):
            return made
        return st.dictionaries(VISIBLE, self.of(schema["additionalProperties"], path + "[]"), min_size=1, max_size=3)
