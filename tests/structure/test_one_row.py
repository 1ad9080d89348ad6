# SPDX-License-Identifier: MIT
"""CONTRIBUTING.md says that a new option, message field and preset are one row each: plant one, and everybody has it."""
import ctypes
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What the tables and their generators need.
SOURCES = ("base/*.c", "config/dialect.c", "config/options.c", "config/preset.c", "mime/message_fields.c")
OPTION = r"""    X(planted_limit, MAILER, INT, "", "7", 1, 9, "A planted option: "                              \
      "it has two lines.") \
"""
FIELD = r"""    X(planted_field, text, FCT_COMMAS, "a|b", "none", 1, set_term, terms, "A planted field.") \
"""
# Its lines in the .pyi: as a keyword, beside finished bytes, as an attribute.
FIELD_IN_STUB = (r'(?: *# A planted field\.  Any of "a", "b"\.  Default: none\.\n)? *planted_field: str \| Sequence\[str\] \| None = None,\n'
                 r"| *@property\n *def planted_field\(self\) -> str \| None: \.\.\.\n")
PRESET = """    {"planted", "smtp.planted.example", "eu=smtp.eu.planted.example", 465, TLS, FCT_LOGIN_FIXED, "key",
     "planted://KEY@eu", 12, 0, "465,2525"},
"""


def plant(path, before, row):
    text = path.read_text()
    assert text.count(before) == 1, path
    path.write_text(text.replace(before, row + before))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A tree with the rows, and a library of its tables."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("core/src", "core/include", "scripts", "docs", "bindings/python", "ext"):
        place = tree / name
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, place)
    plant(tree / "core/src/config/options.h", "    X(dangerous_no_verify,", OPTION)
    plant(tree / "core/src/mime/message_fields.h", "    X(smime,", FIELD)
    plant(tree / "core/src/config/preset.c", '    {"postmark", ', PRESET)
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "openssl", "jansson"], capture_output=True, text=True,
                           check=True).stdout.split()
    files = [file for pattern in SOURCES for file in sorted((tree / "core/src").glob(pattern))]
    subprocess.run(["cc", "-shared", "-fPIC", "-std=gnu11", "-D_GNU_SOURCE", "-pthread", "-I", tree / "core/src", "-I",
                    tree / "core/include", "-o", tree / "tables.so", *files, *flags], check=True)
    return tree


def test_an_option_is_one_row(tree):
    library = ctypes.CDLL(str(tree / "tables.so"))
    library.facteur_option_name.restype = library.facteur_option_scope.restype = ctypes.c_char_p
    library.facteur_option_name.argtypes = library.facteur_option_scope.argtypes = [ctypes.c_size_t]
    index = library.fct_option_find(b"planted_limit", ctypes.c_size_t(13))
    assert (library.facteur_option_name(index), library.facteur_option_scope(index)) == (b"planted_limit", b"mailer")

    subprocess.run([tree / "scripts/options-doc", tree / "tables.so"], check=True)
    row = "| `planted_limit` | mailer | int | `7` | A planted option: it has two lines. |\n"
    assert (tree / "docs/options.md").read_text().replace(row, "") == (ROOT / "docs/options.md").read_text()

    stub = "bindings/python/facteur/_core.pyi"
    subprocess.run([sys.executable, tree / "bindings/python/generate_stub.py", "--library", tree / "tables.so"], check=True)
    planted = r"(?: *# A planted option: it has two lines\.  Default: 7\.\n)? *planted_limit: int \| None = None,\n"
    assert len(re.findall(planted, (tree / stub).read_text())) == 2
    assert re.sub(planted + "|" + FIELD_IN_STUB, "", (tree / stub).read_text()) == (ROOT / stub).read_text()


def test_a_message_field_is_one_row(tree):
    subprocess.run([tree / "scripts/message-table", tree / "tables.so"], check=True)
    subprocess.run([sys.executable, tree / "bindings/python/generate_stub.py", "--library", tree / "tables.so"], check=True)
    meaning = 'A planted field. Any of "a", "b".'
    row = f"| `planted_field` | text | a list | yes | none | {meaning} |\n"
    assert (tree / "docs/message.md").read_text().replace(row, "") == (ROOT / "docs/message.md").read_text()
    told = {
        "ext/facteur.stub.php": [
            r" *array\|string\|null \$planted_field = null,\n",
            r' *\* @param array\|string\|null \$planted_field A planted field\.  Any of "a", "b"\.  null: none\.\n',
        ],
        "bindings/python/facteur/_core.pyi": [FIELD_IN_STUB],
        "bindings/python/message_table.h": [
            r'ATTRIBUTE\(planted_field, 0, "A planted field\."\)', r'"planted_field\\n" \\\n *"    A planted field\.', "planted_field=None",
        ],
    }  # fmt: skip
    for name, forms in told.items():
        made = (tree / name).read_text()
        for form in forms:
            assert re.search(form, made), (name, form)
    php = re.sub("|".join(told["ext/facteur.stub.php"]), "", (tree / "ext/facteur.stub.php").read_text())
    assert php == (ROOT / "ext/facteur.stub.php").read_text()


class Slice(ctypes.Structure):
    _fields_ = [("text", ctypes.c_char_p), ("len", ctypes.c_size_t)]


def test_a_preset_is_one_row(tree):
    library = ctypes.CDLL(str(tree / "tables.so"))
    library.fct_preset_find.restype = ctypes.POINTER(ctypes.c_char_p)
    library.fct_preset_find.argtypes = [Slice]
    found = library.fct_preset_find(Slice(b"PLANTED", 7))
    # struct fct_preset begins with name, host, regions.
    assert found and found[:3] == [b"planted", b"smtp.planted.example", b"eu=smtp.eu.planted.example"]

    subprocess.run([tree / "scripts/options-doc", tree / "tables.so"], check=True)
    row = ("| `planted://KEY@eu` | smtp.eu.planted.example, 465, else 2525; regions: eu; without one smtp.planted.example; "
           "connections idle for 12 s are closed |\n")
    assert (tree / "docs/dsn.md").read_text().replace(row, "") == (ROOT / "docs/dsn.md").read_text()
    assert row in (tree / "docs/dsn.md").read_text()
