"""The structure check must be able to fail: each rule is broken once in a copy of the tree."""
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECK = ROOT / "scripts/check-structure"


@pytest.fixture
def tree(tmp_path):
    shutil.copytree(ROOT / "core", tmp_path / "core")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "core"], cwd=tmp_path, check=True)
    return tmp_path


def breaches(tree, *arguments):
    done = subprocess.run([CHECK, "--root", tree, "--no-generated", *arguments], text=True, capture_output=True)
    assert done.stderr == ""
    assert done.returncode == (1 if done.stdout else 0)
    return done.stdout


def prepend(path, line):
    path.write_text(line + "\n" + path.read_text())


def test_the_tree_is_sound(tree):
    assert breaches(tree) == ""


@pytest.mark.parametrize(("file", "line", "told"), [
    ("base/bytes.c", '#include "smtp/session.h"', "base/ must not include smtp/"),
    ("base/bytes.c", "#include <uv.h>", "<uv.h> belongs to"),
    ("base/bytes.c", "#include <sys/socket.h>", "belongs to"),
    ("base/bytes.c", '#include "bytes.h"', "lacks its room"),
    ("net/tls.h", '#include "mime/mail.h"', "net/ must not include mime/"),
    ("smtp/session.h", "#include <openssl/evp.h>", "<openssl/evp.h> belongs to"),
    ("mime/mail.h", '#include "base/nowhere.h"', "no such header"),
    ("letters/letter.h", '#include "pool/pool.h"', "letters/ must not include pool/"),
    ("letters/letter.h", '#include "net/dial.h"', "letters/ must not include net/"),
    ("pool/pool.h", '#include "config/plan.h"', "pool/ must not include config/"),
    ("config/plan.h", '#include "relays/concert.h"', "config/ must not include relays/"),
    ("relays/concert.h", '#include "drive/driver.h"', "relays/ must not include drive/"),
    ("drive/driver.h", '#include "mailer/engine.h"', "drive/ must not include mailer/"),
    ("drive/driver.h", '#include "letters/letter.h"', "drive/ must not include letters/"),
])
def test_an_include_against_the_layers_is_told(tree, file, line, told):
    prepend(tree / "core/src" / file, line)
    assert told in breaches(tree)


ROOMS = ("mailer", "worker", "drive", "relays", "config", "pool", "smtp", "net", "outbox", "letters", "guard", "mime", "base")
SEEN_FROM = {"outbox": {"outbox", "mime", "base"}, "guard": {"guard", "mime", "base"},
             "worker": set(ROOMS) - {"mailer", "letters", "guard"}}


@pytest.mark.parametrize("room", SEEN_FROM)
def test_rooms_have_their_fence_before_their_first_file(tree, room):
    for name in ROOMS:
        (tree / "core/src" / name).mkdir(exist_ok=True)
        (tree / "core/src" / name / f"planted_{name}.h").write_text("/* SPDX-License-Identifier: MIT */\n")
    planted = "".join(f'#include "{name}/planted_{name}.h"\n' for name in ROOMS)
    (tree / "core/src" / room / "planted.h").write_text("/* SPDX-License-Identifier: MIT */\n" + planted)
    told = breaches(tree)
    for name in ROOMS:
        assert (f"{room}/ must not include {name}/" in told) == (name not in SEEN_FROM[room]), name


@pytest.mark.parametrize("line", ["    now = time(NULL);", "    clock_gettime(CLOCK_MONOTONIC, &now);"])
def test_a_second_clock_is_told(tree, line):
    prepend(tree / "core/src/net/loop.c", line)
    assert "reads a clock past base/clock.h" in breaches(tree)


@pytest.mark.parametrize("file", ["core/src/relays/lane.c", "core/src/pool/pool.h", "core/cli/help.c", "ext/planted.c"])
@pytest.mark.parametrize("name", ["FCT_OPT_deadline", "fct_options_get"])
def test_an_option_read_outside_config_is_told(tree, file, name):
    path = tree / file
    path.parent.mkdir(exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + f"int planted(void) {{ return (int){name}; }}\n")
    assert f"{name} belongs to config/" in breaches(tree)


def test_a_room_outside_the_tree_is_told(tree):
    (tree / "core/src/attic").mkdir()
    (tree / "core/src/attic/box.h").write_text("/* SPDX-License-Identifier: MIT */\n")
    assert "'attic' is no room of the tree" in breaches(tree)


def test_a_name_for_two_headers_or_two_structs_is_told(tree):
    (tree / "core/src/mime/bytes.h").write_text(
        "/* SPDX-License-Identifier: MIT */\nstruct fct_session {\n    int other;\n};\n")
    told = breaches(tree)
    assert "the base name bytes.h again, after core/src/base/bytes.h" in told
    assert "the tag fct_session again" in told


def test_the_tree_is_drawn():
    done = subprocess.run([CHECK, "--print"], text=True, capture_output=True, check=True)
    assert [line.split("/")[0].strip() for line in done.stdout.splitlines()].count("mime") >= 2
    assert set(re.findall(r"(\w+)/", done.stdout)) == set(ROOMS)


def test_the_list_and_the_disk_must_agree(tree):
    (tree / "core/src/base/orphan.c").write_text("/* SPDX-License-Identifier: MIT */\n")
    sources = tree / "core/sources.list"
    sources.write_text(sources.read_text() + "core/src/base/absent.c\n")
    told = breaches(tree)
    assert "core/src/base/orphan.c is missing" in told
    assert "core/src/base/absent.c does not exist" in told
    assert "not sorted" in told


def test_a_wrong_line_in_the_list_of_libraries_is_told(tree):
    with open(tree / "core/libraries.list", "a", encoding="utf-8") as file:
        file.write("libpq 13 optional libpq-dev postgresql-devel\n"
                   "libpq 13 maybe libpq-dev postgresql-devel libpq-dev\n"
                   "openssl 3.0 required libssl-dev openssl-devel openssl-dev core/src/base/bytes.c\n"
                   "libpq 13 optional libpq-dev postgresql-devel libpq-dev core/src/base/absent.c core/src/base/bytes.c\n")
    told = breaches(tree)
    assert told.count("not 'NAME LOWEST required|optional DEBIAN RPM ALPINE [SOURCE ...]'") == 2
    assert "every source has the required openssl" in told
    assert "core/src/base/absent.c is not in core/sources.list" in told
    assert "the library openssl again" in told
    assert "the source core/src/base/bytes.c again" in told


def test_a_file_without_licence_or_beyond_its_budget_is_told(tree):
    (tree / "core/src/base/bytes.c").write_text("int x;\n" * 700)
    told = breaches(tree)
    assert "no SPDX line" in told
    assert "700 lines, more than 600" in told


def test_a_foreign_symbol_is_told(tree, tmp_path):
    source = tmp_path / "leak.c"
    source.write_text("int facteur_a(void){return 0;} int leaked(void){return 0;}\n")
    library = tmp_path / "leak.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    assert "exports leaked" in breaches(tree, "--symbols", f"{library}:facteur_")


def test_a_stale_generated_file_is_told(tree):
    done = subprocess.run([CHECK, "--root", tree, "--generator", "false"], text=True, capture_output=True)
    assert done.returncode == 1 and "false: failed" in done.stdout
