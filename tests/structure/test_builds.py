"""The three builds read one list of sources and one of libraries, and leave out what an absent library alone brings in.

The tree that they build here has the real build files and a core of two files, so that a build takes seconds.
"""
import ctypes
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD_FILES = ["meson.build", "meson_options.txt", "setup.py", "pyproject.toml", "config.m4", "README.md", "LICENSE",
               "scripts/version", "scripts/build-php", "core/include/facteur.h", "core/libraries.list",
               "core/cli/meson.build", "core/cli/facteur.1"]
ANSWER = 41

ALWAYS = """
#ifdef FCT_WITH_PLANTED_1_X
int fct_planted(void);
#endif
__attribute__((visibility("default"))) int facteur_answer(void)
{
#ifdef FCT_WITH_PLANTED_1_X
    return fct_planted();
#else
    return 0;
#endif
}
"""
PLANTED = "#include <planted.h>\nint fct_planted(void) { return planted_answer(); }\n"
PYTHON = """
#include <Python.h>
static struct PyModuleDef core = {PyModuleDef_HEAD_INIT, "_core", NULL, 0, NULL, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit__core(void) { return PyModuleDef_Init(&core); }
"""
PHP = """
#include <php.h>
static zend_module_entry facteur = {STANDARD_MODULE_HEADER, "facteur", NULL, NULL, NULL, NULL, NULL, NULL, "1",
                                    STANDARD_MODULE_PROPERTIES};
ZEND_DLEXPORT zend_module_entry *get_module(void) { return &facteur; }
"""
PROGRAM = '#include "facteur.h"\nint facteur_answer(void);\nint main(void) { return facteur_answer(); }\n'


def write(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def tree(tmp_path):
    tree = tmp_path / "tree"
    for name in BUILD_FILES:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    write(tree / "core/src/base/always.c", ALWAYS)
    write(tree / "core/src/base/planted.c", PLANTED)
    write(tree / "core/sources.list", "core/src/base/always.c\ncore/src/base/planted.c\n")
    for name in re.findall(r"'(\w+\.c)'", (ROOT / "core/cli/meson.build").read_text()):
        write(tree / "core/cli" / name, PROGRAM if name == "main.c" else "")
    for name in re.findall(r"ext/\w+\.c", (ROOT / "config.m4").read_text()):
        write(tree / name, PHP if name == "ext/facteur.c" else "")
    write(tree / "bindings/python/module.c", PYTHON)
    for package in re.findall(r'"(facteur[\w.]*)"', re.search(r"packages=\[(.*?)\]", (ROOT / "setup.py").read_text()).group(1)):
        write(tree / "bindings/python" / package.replace(".", "/") / "__init__.py")
    return tree


def add_library(tree, line):
    with open(tree / "core/libraries.list", "a", encoding="utf-8") as file:
        file.write(line + "\n")


def run(tree, *command, **environment):
    return subprocess.run(command, cwd=tree, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={**os.environ, "CC": "gcc", **environment})


def with_meson(tree, without=None, **environment):
    done = run(tree, "meson", "setup", "out", "-Dtests=false", *([f"-Dwithout={without}"] if without else []), **environment)
    if done.returncode == 0:
        done = run(tree, "ninja", "-C", "out")
    return done, tree / "out/libfacteur.so"


def with_python(tree, without="", **environment):
    environment["FACTEUR_WITHOUT"] = without
    done = run(tree, sys.executable, "setup.py", "build_ext", "--build-lib", "out", **environment)
    return done, next(tree.glob("out/facteur/_core.*"), None)


def with_php(tree, without="", **environment):
    environment["FACTEUR_WITHOUT"] = without
    done = run(tree, "scripts/build-php", "out", **environment)
    return done, tree / "out/modules/facteur.so"


BUILDS = pytest.mark.parametrize("build", [with_meson, with_python, with_php])


@BUILDS
def test_what_is_missing_is_told_from_the_one_list(tree, tmp_path, build):
    add_library(tree, "nowhere 7.1 required nowhere-dev nowhere-devel nowhere-alpine")
    add_library(tree, "may-be 2 optional may-be-dev may-be-devel may-be-alpine")
    nothing = tmp_path / "pkg-config"
    nothing.write_text('#!/bin/sh\ncase $1 in --version) echo 1.8.1 ;; --atleast-pkgconfig-version*) ;; *) exit 1 ;; esac\n')
    nothing.chmod(0o755)
    done, _ = build(tree, PKG_CONFIG=str(nothing))
    assert done.returncode != 0
    told = re.findall(r"(\S+) >= ?(\S+) \(Debian (\S+), RPM (\S+), Alpine (\S+)\)", done.stdout)
    lines = [line.split() for line in (tree / "core/libraries.list").read_text().splitlines()]
    assert told == [(name, lowest, *packages) for name, lowest, need, *packages in lines if need == "required"]


def make_library(folder, version):
    """A library that is in a folder alone, with its pkg-config file there."""
    write(folder / "planted.h", "int planted_answer(void);\n")
    write(folder / "planted.c", f"int planted_answer(void) {{ return {ANSWER}; }}\n")
    write(folder / "planted-1.x.pc", f"Name: planted\nDescription: planted\nVersion: {version}\n"
                                     f"Cflags: -I{folder}\nLibs: -L{folder} -lplanted\n")
    subprocess.run(["gcc", "-fPIC", "-c", "planted.c"], cwd=folder, check=True)
    subprocess.run(["ar", "rc", "libplanted.a", "planted.o"], cwd=folder, check=True)


@BUILDS
@pytest.mark.parametrize(("version", "answer"), [("1.10", ANSWER), ("1.9", 0)])
def test_a_source_comes_with_its_optional_library(tree, tmp_path, build, version, answer):
    make_library(tmp_path / "planted", version)
    if answer == 0:
        (tmp_path / "planted/planted.h").unlink()
    add_library(tree, "planted-1.x 1.10 optional planted-dev planted-devel planted-dev core/src/base/planted.c")
    done, library = build(tree, PKG_CONFIG_PATH=str(tmp_path / "planted"))
    assert done.returncode == 0, done.stdout
    assert ctypes.CDLL(str(library)).facteur_answer() == answer


def test_the_store_names_the_libraries_of_the_list():
    """A build without a database's library tells which, and its packages."""
    text = re.sub(r'"\s*\\\s*"', "", (ROOT / "core/src/outbox/store.c").read_text())
    told = re.findall(r'"(lib\S+) >= (\S+) \(Debian (\S+), RPM (\S+), Alpine (\S+)\)"', text)
    lines = [line.split() for line in (ROOT / "core/libraries.list").read_text().splitlines()]
    assert told == [(name, lowest, *packages[:3]) for name, lowest, need, *packages in lines if need == "optional"]


@BUILDS
def test_an_optional_library_can_be_left_out(tree, tmp_path, build):
    make_library(tmp_path / "planted", "1.10")
    add_library(tree, "planted-1.x 1.10 optional planted-dev planted-devel planted-dev core/src/base/planted.c")
    done, library = build(tree, without="planted-1.x", PKG_CONFIG_PATH=str(tmp_path / "planted"))
    assert done.returncode == 0, done.stdout
    assert ctypes.CDLL(str(library)).facteur_answer() == 0


@BUILDS
@pytest.mark.parametrize("name", ["openssl", "planted"])
def test_only_an_optional_library_can_be_left_out(tree, build, name):
    add_library(tree, "planted-1.x 1.10 optional planted-dev planted-devel planted-dev core/src/base/planted.c")
    done, _ = build(tree, without=name)
    assert done.returncode != 0
    assert re.search(rf'"{name}", which is not an optional library; there are: .*\bplanted-1\.x\b', done.stdout)


@pytest.mark.parametrize("prefix", ["/usr", "/opt/facteur"])
def test_the_program_has_no_search_path_of_the_system(tree, tmp_path, prefix):
    add_library(tree, "planted-1.x 1 optional - - - core/src/base/planted.c")
    for step in (["meson", "setup", "out", "-Dtests=false", f"--prefix={prefix}", "--libdir=lib"],
                 ["meson", "install", "-C", "out", f"--destdir={tmp_path}/root"]):
        done = run(tree, *step)
        assert done.returncode == 0, done.stdout
    dynamic = run(tree, "readelf", "-d", f"{tmp_path}/root{prefix}/bin/facteur").stdout
    paths = re.findall(r"(?:RUNPATH|RPATH).*\[(.*)\]", dynamic)
    assert paths == ([] if prefix == "/usr" else [f"{prefix}/lib"])


@pytest.mark.parametrize("which", ["this", "bundled"])
def test_old_and_new_setuptools_know_the_licence(tree, tmp_path, which):
    python = sys.executable
    if which == "bundled":
        subprocess.run(["/usr/bin/python3", "-m", "venv", tmp_path / "venv"], check=True)
        python = tmp_path / "venv/bin/python"
    version = run(tree, python, "-c", "import setuptools; print(setuptools.__version__)")
    if version.returncode:
        pytest.skip("this CPython brings no setuptools of its own")
    done = run(tree, python, "setup.py", "-q", "egg_info", "-e", str(tmp_path), PYTHONWARNINGS="error")
    assert done.returncode == 0 and "project" not in done.stdout, done.stdout
    lines = (tmp_path / "facteur.egg-info/PKG-INFO").read_text().splitlines()
    field = "License" if int(version.stdout.split(".")[0]) < 77 else "License-Expression"
    assert f"{field}: MIT" in lines and "License-File: LICENSE" in lines


def test_the_canary_says_what_it_lacks(tree, tmp_path):
    done = run(tree, sys.executable, ROOT / "scripts/canary", "--dir", tmp_path / "canary", PATH=str(tmp_path))
    assert done.returncode == 69
    assert re.fullmatch(r"canary: (debootstrap is missing|a root of its own can be made by root only)\n", done.stdout)
    assert not (tmp_path / "canary").exists()
