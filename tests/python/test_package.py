# SPDX-License-Identifier: MIT
"""The package as it is installed: exported symbols, ABI, types, stub, documentation."""

import importlib.metadata
import inspect
import os
import pathlib
import re
import subprocess
import sys

import pytest

import facteur
import facteur._core

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = pathlib.Path(facteur.__file__).parent


def test_the_installed_package_is_tested():
    assert ROOT / "bindings" not in PACKAGE.parents, "tests must not run on the source tree"


def test_extension_exports_its_init_function_only():
    listing = subprocess.run(
        ["nm", "-D", "--defined-only", facteur._core.__file__], check=True, capture_output=True, text=True
    ).stdout
    assert [line.split()[-1] for line in listing.splitlines()] == ["PyInit__core"]


def test_stable_abi():
    assert facteur._core.__file__.endswith(".abi3.so")
    tags = importlib.metadata.distribution("facteur").read_text("WHEEL")
    assert re.search(r"^Tag: cp311-abi3-", tags, re.M)
    assert (PACKAGE / "py.typed").exists() and (PACKAGE / "_core.pyi").exists()


def test_stub_is_current():
    installed, source = PACKAGE / "_core.pyi", ROOT / "bindings/python/facteur/_core.pyi"
    assert installed.read_text() == source.read_text()
    done = subprocess.run(
        [sys.executable, ROOT / "bindings/python/generate_stub.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name, line", [
    ("facteur/_core.pyi", "deadline: float | None = None,"),
    ("facteur/_core.pyi", "def mt_priority(self)"),
    ("message_table.h", "ATTRIBUTE(cc,"),
])
def test_stub_check_can_fail(tmp_path, name, line):
    folder = tmp_path / "bindings/python"
    (folder / "facteur").mkdir(parents=True)
    for file in ("generate_stub.py", "facteur/_core.pyi", "message_table.h"):
        (folder / file).write_text((ROOT / "bindings/python" / file).read_text())
    good = (folder / name).read_text()
    (folder / name).write_text(good.replace(line, "", 1))
    run = [sys.executable, folder / "generate_stub.py"]
    assert subprocess.run([*run, "--check"], capture_output=True).returncode == 1
    assert subprocess.run(run).returncode == 0
    assert (folder / name).read_text() == good


def test_stubtest():
    pytest.importorskip("mypy.build", reason="mypy cannot be loaded here")
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "facteur._core"],
        capture_output=True, text=True, cwd=ROOT / "tests", timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("mypy")


def test_types_of_the_package(tmp_path, mypy_cache):
    """mypy --strict over a program that uses the package, with one mistake to be found."""
    pytest.importorskip("mypy.build", reason="mypy cannot be loaded here")
    program = tmp_path / "program.py"
    program.write_text(
        "import facteur\n"
        "with facteur.Mailer('memory://', deadline=1.5, tls='starttls') as mailer:\n"
        "    receipt: facteur.Receipt = mailer.send(facteur.Message(from_='a@b', to=[('A', 'a@b'), 'c@d'], text='x'))\n"
        "    codes: list[int] = [reply.code for reply in receipt.rejected.values()]\n"
        "    mailer.send_order_confirmation({'number': '1'}, to='a@b', attachments=[facteur.Attachment(b'x', 'y')])\n"
        "    raw: bytes = mailer.captured[0].raw\n"
        "facteur.Mailer('memory://', deadlin=1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", mypy_cache, program],
        capture_output=True, text=True, cwd=tmp_path, timeout=300,
    )  # fmt: skip
    assert done.returncode == 1
    assert re.findall(r"program\.py:(\d+): error", done.stdout) == ["7"], done.stdout + done.stderr


def test_package_is_strict(tmp_path, mypy_cache):
    pytest.importorskip("mypy.build", reason="mypy cannot be loaded here")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", "--cache-dir", mypy_cache, "-p", "facteur"],
        capture_output=True, text=True, cwd=tmp_path, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_everything_public_is_documented():
    for name in facteur.__all__:
        thing = getattr(facteur, name)
        if name != "__version__":
            assert inspect.getdoc(thing), name
    for kind in (facteur.Mailer, facteur.Message):
        for name, member in vars(kind).items():
            if not name.startswith("_"):
                assert inspect.getdoc(member), f"{kind.__name__}.{name}"


def test_signatures_match_what_is_taken():
    for function in (facteur.Mailer.send_letter, facteur.Mailer.send_order_confirmation, facteur.Mailer.asend_letter,
                     facteur.letter, facteur.order_confirmation):  # fmt: skip
        names = set(inspect.signature(function).parameters) - {"self", "kind", "data", "order", "attachments", "deadline"}
        assert names == {"to", "from_", "reply_to", "locale", "subject", "message_id", "date", "words", "key"}
    # smime may hold a private key, and is not told.
    fields = set(inspect.signature(facteur.Message).parameters)
    assert {name for name in fields if not hasattr(facteur.Message, name)} == {"smime"}


def test_missing_libraries_are_named(tmp_path):
    pytest.importorskip("setuptools", reason="setuptools is not installed here")
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--build-temp", tmp_path, "--build-lib", tmp_path],
        capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PKG_CONFIG": "false"},
    )  # fmt: skip
    assert done.returncode != 0
    for package in ("libuv1-dev", "libuv-devel", "libuv-dev", "libssl-dev", "c-ares-dev"):
        assert package in done.stderr
    assert "Traceback" not in done.stderr


def test_the_module_lists_the_options():
    def run(*words):
        return subprocess.run([sys.executable, "-m", "facteur", *words], capture_output=True, text=True, timeout=60)

    listed = run("options")
    assert listed.returncode == 0 and re.findall(r"^(\w+): ", listed.stdout, re.M) == [name for name, *_ in facteur._core.options()]
    assert "deadline: seconds (default 10); scope mailer\n    The time limit of a whole send" in listed.stdout
    for words in ((), ("option",)):
        assert run(*words).returncode == 64 and run(*words).stderr == "usage: python -m facteur options\n"


def test_an_unknown_option_says_where_the_options_are():
    with pytest.raises(facteur.ConfigError, match='"python -m facteur options" lists them all'):
        facteur.Mailer("null://", xyzzyxyzzy=1)
    with pytest.raises(facteur.ConfigError, match="use_tls: no option is called .* tls=starttls"):
        facteur.Mailer("null://", use_tls=True)
