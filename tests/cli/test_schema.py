# SPDX-License-Identifier: MIT
"""The JSON Schemas and the program say yes and no to the same letters."""

import copy
import json
import os
import pathlib
import subprocess

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = {kind: json.loads((ROOT / f"core/schema/{kind}.json").read_text()) for kind in
           ("order", "contact", "letter_options")}
ORDER = json.loads((ROOT / "tests/corpus/orders/full.json").read_text())
FORM = json.loads((ROOT / "tests/corpus/forms/french.json").read_text())


def program_takes(kind, letter):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FACTEUR_")}
    done = subprocess.run([os.environ["FACTEUR_CLI"], "render", kind, "--from", "a@example.com", "--to", "b@example.com"],
                          input=json.dumps(letter).encode(), env=environment, capture_output=True, timeout=60)
    assert done.returncode in (0, 65), done.stderr
    return done.returncode == 0


def schema_takes(kind, letter):
    return jsonschema.Draft202012Validator(SCHEMAS[kind]).is_valid(letter)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_schemas_are_schemas(kind):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[kind])


@pytest.mark.parametrize("kind, folder", [("order", "orders"), ("contact", "forms")])
def test_the_corpus_is_valid(kind, folder):
    for path in sorted((ROOT / "tests/corpus" / folder).glob("*.json")):
        letter = json.loads(path.read_text())
        assert schema_takes(kind, letter) and program_takes(kind, letter), path


def put(letter, path, value):
    """A copy of the letter with `value` at a path of keys and indices."""
    letter = copy.deepcopy(letter)
    target = letter
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return letter


@pytest.mark.parametrize("path, value", [
    (["total"], 19.9), (["total"], "19,90"), (["total"], "1e3"), (["total"], True), (["total"], None), (["total"], "-1"),
    (["total"], 12), (["items"], []), (["items"], {}), (["items", 0, "quantity"], 0), (["items", 0, "quantity"], "1.5"),
    (["items", 0, "quantity"], -1), (["items", 0, "nmae"], "x"), (["items", 0, "name"], None), (["items", 0, "sku"], 7),
    (["items", 0, "name"], ""), (["items", 0, "options"], {"a": 1, "b": None}), (["items", 0, "options"], {"a": 1.5}),
    (["items", 0, "options"], []), (["items", 0, "url"], "ftp://x"), (["items", 0, "image"], "cid:x"),
    (["items", 0, "image"], "data:x"), (["order_url"], "javascript:alert(1)"), (["order_url"], "HTTPS://x.example"),
    (["discounts", 0, "amount"], -5), (["discounts", 0, "amount"], "5"), (["discounts", 0], {}), (["discounts"], None),
    (["taxes", 0, "included"], "yes"), (["taxes", 0, "included"], None), (["taxes", 0, "amount"], "-1.00"),
    (["taxes", 0, "rate"], "-1"), (["shipping"], "4.90"), (["shipping"], 5), (["shipping"], -5), (["shipping"], {}),
    (["shipping"], 4.9), (["payment"], "Visa"), (["payment"], 12), (["payment", "due_date"], "tomorrow"),
    (["delivery"], "Post"), (["delivery", "date"], "2026-11-27T10:00:00Z"), (["billing_address"], {"city": "Paris"}),
    (["billing_address"], {"town": "Paris"}), (["billing_address"], []), (["billing_address"], [1]), (["customer"], []), (["payment"], []), (["shipping"], []), (["merchant"], []),
    (["items"], {"7": {"name": "a", "total": 1}}), (["items"], {"name": "a"}), (["items", 0], []), (["discounts"], {}),
    (["items", 0, "options"], {"a": True, "b": {}}), (["items", 0, "options"], [1]), (["taxes", 0, "rate"], 5.5), (["date"], ""),
    (["delivery", "date"], ""),
    (["billing_address"], {"postal_code": 75011}),
    (["merchant"], None), (["merchant", "name"], ""), (["merchant", "logo"], "x"), (["customer"], None),
    (["customer", "name"], 1), (["number"], 7), (["number"], None), (["number"], 1.5), (["currency"], "EURO"),
    (["date"], "2026-11-23"), (["date"], "23.11.2026"), (["date"], 20261123), (["colour"], "red"),
])
def test_orders_are_judged_alike(path, value):
    letter = put(ORDER, path, value)
    assert program_takes("order", letter) == schema_takes("order", letter)


@pytest.mark.parametrize("path, value", [
    (["name"], 1), (["name"], None), (["message"], 1), (["emial"], "x"), (["fields"], {}), (["fields"], {"a": {"name": "b"}}), (["fields"], {"a": "b"}), (["fields", 0, "value"], 1),
    (["fields", 0, "name"], None), (["fields", 0, "name"], ""), (["fields"], None), (["ip"], 1), (["token"], "x"),
])
def test_forms_are_judged_alike(path, value):
    letter = put(FORM, path, value)
    assert program_takes("contact", letter) == schema_takes("contact", letter)
