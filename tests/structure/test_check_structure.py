"""The structure check must be able to fail: each rule is broken once in a copy of the tree."""
import pathlib
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
])
def test_an_include_against_the_layers_is_told(tree, file, line, told):
    prepend(tree / "core/src" / file, line)
    assert told in breaches(tree)


def test_the_list_and_the_disk_must_agree(tree):
    (tree / "core/src/base/orphan.c").write_text("/* SPDX-License-Identifier: MIT */\n")
    sources = tree / "core/sources.list"
    sources.write_text(sources.read_text() + "core/src/base/absent.c\n")
    told = breaches(tree)
    assert "core/src/base/orphan.c is missing" in told
    assert "core/src/base/absent.c does not exist" in told
    assert "not sorted" in told


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
