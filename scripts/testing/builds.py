"""What suites need built before them, each once: builds are jobs of their own, and return nothing but a full folder."""
import glob
import os
import re
import shutil
import subprocess

from .log import OUT, ROOT, Failed

SANITIZE = "-Db_sanitize=address,undefined"
RELEASE, GCC, CLANG, THREADS = (OUT / name for name in ("release", "gcc-asan", "clang-asan", "gcc-tsan"))
PYTHON = OUT / "venv/default/bin/python"  # made by scripts/setup
WHEEL, PHP, PHP_PATH = OUT / "wheel", OUT / "php", OUT / "php-extension"


def meson_build(log, folder, *options, cc="gcc"):
    stamp = folder / "made-with"
    made_with = " ".join([cc, *options])
    if not stamp.exists() or stamp.read_text() != made_with:
        shutil.rmtree(folder, ignore_errors=True)
        log.run("meson", "setup", folder, *options, env={"CC": f"ccache {cc}" if shutil.which("ccache") else cc})
        stamp.write_text(made_with)
    text, _ = log.run("ninja", "-C", folder)
    if re.search(r"\bwarning:", text):
        raise Failed(f"{folder.name}: a compiler warned; see the log")


def build_release(log):
    """The library and the program as a user has them, for the suites that use them whole."""
    meson_build(log, RELEASE, "--buildtype=release", "-Dtests=false", "-Dwerror=true")
    log.run("meson", "install", "-C", RELEASE, "--no-rebuild", "--quiet", env={"DESTDIR": str(OUT / "stage")})


def build_gcc(log):
    meson_build(log, GCC, "-Dfaults=true", "-Dwerror=true", SANITIZE)


def build_clang(log):
    meson_build(log, CLANG, "-Dfaults=true", "-Dwerror=true", "-Dfuzz=true", SANITIZE, "-Db_lundef=false", cc="clang")


def build_threads(log):
    meson_build(log, THREADS, "-Dfaults=true", "-Dwerror=true", "-Db_sanitize=thread")


def build_wheel(log):
    """The abi3 wheel, built from the sdist so that the sdist is proved complete; and where it is installed."""
    shutil.rmtree(WHEEL, ignore_errors=True)
    log.run(PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "build")
    log.run(PYTHON, "-m", "build", "--no-isolation", "--outdir", WHEEL, ROOT)
    install(log, *first_python())


def build_php(log):
    text, _ = log.run("scripts/build-php", PHP)
    PHP_PATH.write_text(text.strip().split("\n")[-1])


def php_extension():
    return PHP_PATH.read_text()


def pythons():
    """One CPython of each version >= 3.11 on this machine: version -> path; Debian's own first."""
    found = {}
    candidates = ["/usr/bin/python3", *sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/*/bin/python3")))]
    for number in range(11, 20):
        which = shutil.which(f"python3.{number}")
        if which:
            candidates.append(which)
    probe = "import sys; print('%d.%d' % sys.version_info[:2], sys.implementation.name)"
    for path in candidates:
        done = subprocess.run([path, "-c", probe], text=True, capture_output=True)
        if done.returncode or "cpython" not in done.stdout:
            continue
        version = done.stdout.split()[0]
        if tuple(map(int, version.split("."))) >= (3, 11):
            found.setdefault(version, path)
    return found


def first_python():
    return next(iter(pythons().items()))


def installed(version):
    """The interpreter of an environment with the wheel in it."""
    return OUT / "venv" / f"test-{version}" / "bin/python"


def install(log, version, path):
    python = installed(version)
    (wheel,) = WHEEL.glob("*.whl")
    if not python.exists():
        log.run(path, "-m", "venv", python.parent.parent)
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    log.run(*pip, "-r", "tests/requirements.txt")
    log.run(*pip, "--force-reinstall", "--no-deps", wheel)


# In the order in which they begin: first what the suites that wait longest need.
BUILDS = {
    "release": (build_release, 2),
    "wheel": (build_wheel, 1),
    "php": (build_php, 1),
    "gcc": (build_gcc, 2),
    "clang": (build_clang, 2),
    "threads": (build_threads, 2),
}
