# SPDX-License-Identifier: MIT
"""Messages at random: right octet by octet, and read back by Python's parser as they were asked for."""

import base64
import datetime

import hypothesis
import hypothesis.strategies as st
from hypothesis import given, settings

import corpus
import differences
import doors
import octets
import parsers

# No control characters: what becomes of them is said in the corpus; lone surrogates are refused elsewhere.
LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp", "Cs"))
LINE = st.text(LETTERS, max_size=120)
NAME = st.text(LETTERS, max_size=80)
ATOM = st.text("abcXYZ019+-_=?!#'", min_size=1, max_size=20)
ADDRESS = st.builds("{}@{}.example".format, st.lists(ATOM, min_size=1, max_size=3).map(".".join),
                    st.text("abcxyz", min_size=1, max_size=30))
BOXES = st.lists(st.builds(lambda name, address: [name, address], NAME, ADDRESS), min_size=1, max_size=4,
                 unique_by=lambda box: box[1])
TEXT = st.lists(LINE | st.sampled_from([".", "..", "From x", " ", "\t", "--=_", "x" * 999, "é" * 70])).map("\n".join)
PART = st.fixed_dictionaries(
    {"type": st.sampled_from(["application/pdf", "image/png", "application/octet-stream"]),
     "base64": st.binary(max_size=200).map(lambda data: base64.b64encode(data).decode())},
    # Python's parser drops the blanks at the ends of a name.
    optional={"name": st.text(LETTERS, min_size=1, max_size=90).map(str.strip).filter(bool), "inline": ATOM})
IDS = st.lists(ADDRESS, max_size=8).map(lambda ids: " ".join("<%s>" % one for one in ids))
FIELDS = st.fixed_dictionaries(
    {"from": BOXES.map(lambda boxes: boxes[:1]), "to": BOXES, "subject": LINE, "message_id": ADDRESS,
     "date": st.datetimes(min_value=datetime.datetime(1971, 1, 1), max_value=datetime.datetime(2100, 1, 1))
     .map(lambda date: date.replace(microsecond=0).isoformat() + "+01:00")},
    optional={"cc": BOXES, "reply_to": BOXES, "text": TEXT, "html": TEXT.map("<p>{}</p>".format), "references": IDS,
              "attachments": st.lists(PART, max_size=4, unique_by=lambda part: part.get("inline", id(part))), "priority": st.sampled_from(["high", "low", "normal"]),
              "headers": st.dictionaries(st.sampled_from(["X-A", "X-Shop-Note", "Feedback-ID"]), LINE)})
ASKED = ("from", "to", "cc", "reply_to", "subject", "date", "message_id", "references", "headers", "priority",
         "attachments")


@settings(max_examples=300, deadline=None, derandomize=True, database=None,
          suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large])
@given(FIELDS)
def test_a_random_message_reads_back(fields):
    case = corpus.Case("random", fields, {})
    (raw,) = doors.python([fields], None)
    assert isinstance(raw, bytes), raw
    assert octets.faults(raw) == []
    found = parsers.python_default(raw, [name.lower() for name in fields.get("headers", {})] + ["x-priority"])
    asked = corpus.expected(case)
    for field in ASKED:
        wanted, _ = differences.wanted("python default", field, case, asked[field], found[field])
        assert found[field] == wanted, field
    if "text" in fields and fields["text"]:
        assert found["text"] in (asked["text"], asked["text"] + "\n")
    if "html" in fields:
        assert found["html"] in (asked["html"], asked["html"] + "\n")
