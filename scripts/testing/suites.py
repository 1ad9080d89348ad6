"""The suites: what each runs, in short and with --long, what it needs built, and how many processors it keeps busy."""
import collections
import concurrent.futures
import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

from . import builds
from .builds import CLANG, GCC, OUT, PYTHON, RELEASE, ROOT, THREADS, php_extension
from .log import Failed, PLAIN_ENV, meson_tests, pytest

Suite = collections.namedtuple("Suite", "run cores needs about")
FUZZ_SECONDS = os.environ.get("FACTEUR_FUZZ_SECONDS")
CLI_ENV = {"FACTEUR_CLI": str(RELEASE / "core/cli/facteur")}

# Rooms whose tests compute and do not wait: a second compiler can make other code of them, and that is all it can do.
COMPUTING = {"base", "mime", "smtp", "config", "letters"}

# What a Python decides: the ABI of the wheel, typing, the event loop, threads and the GIL, forks, the interpreter's end; and
# Django, whose newest release depends on it.
PER_PYTHON = ("asyncio", "concurrency", "coroutines", "django", "django_doors", "django_own", "exit", "forks", "mailer", "many", "message", "package", "tokens", "tree", "utf8",
              "values")

# C programs whose tests run in any store: FCT_STORE_URL says in which.
DATABASE_PROGRAMS = ("test_outbox", "test_outbox_events", "test_outbox_server")

# What PHP's memory and its ends decide, where valgrind sees what no other suite does.
PHP_VALGRIND = ("attachments", "close", "exceptions", "letter-values", "live-exit", "live-fibers", "live-fork", "live-many", "live-refused",
                "live-send", "live-token", "memory", "message-errors", "streams")


def structure(log):
    log.command("scripts/check-structure", "--symbols", f"{RELEASE / 'libfacteur.so'}:facteur_")
    pytest(log, PYTHON, "tests/structure")


def clang_format(log):
    folders = ["core", "tests/core", "tests/fuzz", "tests/php-zts", "ext", "bindings/python"]
    files = subprocess.run(["git", "ls-files", *(f"{folder}/*.[ch]" for folder in folders)], cwd=ROOT,
                           check=True, text=True, capture_output=True).stdout.split()
    files = [name for name in files if not name.endswith(("_data.c", "_arginfo.h"))]
    log.command("clang-format", "--dry-run", "-Werror", *files)


def c_gcc(log):
    meson_tests(log, GCC)


def c_clang(log):
    """Everything is compiled with -Werror; in short, the tests that only wait are gcc's alone."""
    lines = (ROOT / "tests/core/programs.list").read_text().splitlines()
    meson_tests(log, CLANG, *(name for name, layer in map(str.split, lines) if log.long or layer in COMPUTING))


def coverage(log):
    text = log.command("scripts/coverage")
    total = re.search(r"^total .*?([\d.]+) %\s*$", text, re.M)
    log.notes.append(f"core/src/smtp: {total.group(1) if total else 'unknown'} % of the branches")


# Not under ThreadSanitizer: children with threads of their own, and tests that measure time or take minutes there.
UNSUITED = {"test_descriptors", "test_shortage", "test_span", "test_stalled"}
THREADED = re.compile(r"pthread_|support/(threaded_relay|smtp_peer|proxy_peer|mailer_fixture|pool_fixture)\.h")


def threaded_programs():
    """The C tests with threads, and those whose relay is one."""
    lines = (ROOT / "tests/core/programs.list").read_text().splitlines()
    names = {line.split()[0] for line in lines} - UNSUITED
    return sorted(name for name in names if THREADED.search((ROOT / f"tests/core/{name}.c").read_text()))


def c_threads(log):
    meson_tests(log, THREADS, *threaded_programs())


def fuzz_one(target, seconds, seed):
    """Seed 0 is another one each time."""
    name = target.removeprefix("fuzz_")
    corpus = OUT / "fuzz" / name
    corpus.mkdir(parents=True, exist_ok=True)
    seeds = ROOT / "tests/corpus/fuzz" / name
    done = subprocess.run([str(CLANG / "tests" / target), f"-max_total_time={seconds}", f"-seed={seed}", "-timeout=10",
                           "-rss_limit_mb=1024", "-print_final_stats=1", f"-artifact_prefix={corpus}-crash-",
                           str(corpus), str(seeds)], env=PLAIN_ENV, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, errors="replace", timeout=seconds + 120)
    return target, done.returncode, done.stderr


def fuzz(log):
    """The short run has one seed, so that who did not change a parser does not find an old fault; the long one looks for new ones."""
    seconds = int(FUZZ_SECONDS or (120 if log.long else 10))
    seed = 0 if log.long or FUZZ_SECONDS else 1
    targets = [line.split()[0] for line in (ROOT / "tests/fuzz/targets.list").read_text().splitlines() if line]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for target, code, text in pool.map(lambda target: fuzz_one(target, seconds, seed), targets):
            runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", text)
            log.file.write(f"--- {target}: exit {code}, {runs.group(1) if runs else 'no'} runs\n{text[-6000:]}\n")
            held = code == 0 and runs is not None and int(runs.group(1)) > 0
            log.case(held)
            if not held:
                found = re.search(r"^Base64: .*$", text, re.M)
                log.notes.append(f"{target}: exit {code}, {found.group() if found else 'no input kept'}")


def server(log):
    pytest(log, PYTHON, "tests/server")


def faults(log):
    """These wait for servers and deadlines most of the time, so several files run at once."""
    env = {"FACTEUR_FAULT_DRIVER": str(GCC / "tests/fault_driver"), "FACTEUR_PYTHON": str(builds.installed(builds.first_python()[0]))}
    if log.long:
        env["FACTEUR_FAULTS_LONG"] = "1"
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda path: pytest(log, PYTHON, path, env=env), sorted((ROOT / "tests/faults").glob("test_*.py"))))


def cli(log):
    pytest(log, PYTHON, "tests/cli", "tests/outbox", env=CLI_ENV | ({"FACTEUR_CRASHES": "all"} if log.long else {}))


def databases(log):
    """The contract of the store in each database server, and the program over it."""
    for kind in ("postgresql", "mariadb"):
        text, code = log.run(sys.executable, "tests/support/databases.py", kind, "sh", "-c",
                             'bad=0; for program; do "$program" || bad=1; done; exit $bad', "sh",
                             *(GCC / "tests" / name for name in DATABASE_PROGRAMS), check=False)
        passed, failed = (sum(map(int, re.findall(rf"\[  {word}  \] (\d+) test", text))) for word in ("PASSED", "FAILED"))
        log.case(True, passed)
        log.case(False, max(failed, 1) if code or not passed else failed)  # one that crashed counts nothing itself
    pytest(log, builds.installed(builds.first_python()[0]), "tests/databases", env=CLI_ENV)


def python(log):
    first, _ = builds.first_python()
    pytest(log, builds.installed(first), "tests/python", name=first, env=CLI_ENV)


def pythons(log):
    """Every other CPython: what depends on it, or with --long everything."""
    first, _ = builds.first_python()
    others = {version: path for version, path in builds.pythons().items() if version != first}
    if not others:
        log.skips.append(("pythons", f"no CPython >= 3.11 beside {first} is on this machine"))
    paths = ["tests/python"] if log.long else [f"tests/python/test_{name}.py" for name in PER_PYTHON]

    def one(version):
        builds.install(log, version, others[version])
        passed, failed = pytest(log, builds.installed(version), *paths, name=version, env=CLI_ENV)
        log.notes.append(f"CPython {version}: {passed} passed, {failed} failed")

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(one, others))


def php_tests(log, extension, *options, env=None, php=None, folders=("php",), names=()):
    """Run tests/FOLDER of each, or of these names, copied to one place, with Debian's PHP or that of a prefix."""
    php, libraries = (php / "bin/php", php / "lib") if php else (shutil.which("php"), "/usr/lib")
    runner = glob.glob(f"{libraries}/php/**/build/run-tests.php", recursive=True)[0]
    place = OUT / "phpt" / log.name
    shutil.rmtree(place, ignore_errors=True)
    for folder in folders:
        shutil.copytree(ROOT / "tests" / folder, place, dirs_exist_ok=True)
    text, _ = log.run(php, "-n", runner, "-n", "-q", "-p", php, "-d", f"extension={extension}", *options,
                      "--show-diff", "--no-color", "--show-slow", "1000",
                      *([place / f"{name}.phpt" for name in names] or [place]),
                      env={"NO_INTERACTION": "1", "TEST_PHP_EXECUTABLE": str(php),
                           "FACTEUR_PHP_EXTENSION": extension, "FACTEUR_SOURCE_ROOT": str(ROOT), **(env or {})},
                      check=False)
    text = text.replace("\r", "\n")
    for state, title in re.findall(r"^(PASS|FAIL|LEAK|FAIL&LEAK|LEAK&FAIL|WARN|BORK|SKIP|XFAIL) (.*)$", text, re.M):
        if state == "SKIP":
            log.skips.append(tuple(title.split(" reason: ")) if " reason: " in title else (title, "no reason given"))
        else:
            log.case(state == "PASS")
    if not log.passed:
        raise Failed("no phpt passed")


def php(log):
    log.command("scripts/check-structure", "--no-generated", "--symbols", f"{php_extension()}:get_module$")
    php_tests(log, php_extension())


def php_valgrind(log):
    # The servers that the tests start are other people's programs; what PCRE compiles reads whole blocks.
    php_tests(log, php_extension(), "-m", "-d", "pcre.jit=0", names=() if log.long else PHP_VALGRIND, env={
        "USE_ZEND_ALLOC": "0", "ZEND_DONT_UNLOAD_MODULES": "1",
        "VALGRIND_OPTS": "--leak-check=full --show-leak-kinds=definite "
                         "--trace-children-skip=*python*,*php-fpm*,*cgi-fcgi*,*/sh,*/dash"})


def php_zts(log):
    text, code = log.run("scripts/build-zts", OUT / "zts", *os.environ.get("FACTEUR_ZTS", "").split(), check=False)
    if code == 69:
        log.skips.append(("php-zts", text.strip().split("\n")[-1]))
        return
    if code:
        raise Failed("the thread-safe PHP could not be built")
    prefix = pathlib.Path(text.strip().split("\n")[-1])
    tools = {"PHPIZE": str(prefix / "bin/phpize"), "PHP_CONFIG": str(prefix / "bin/php-config")}
    text, _ = log.run("scripts/build-php", OUT / "zts/facteur", env=tools)
    extension = text.strip().split("\n")[-1]
    includes, _ = log.run(tools["PHP_CONFIG"], "--includes")
    program = OUT / "zts/threads"
    log.run("cc", "-g", "-O1", "-Wall", "-Wextra", "-Werror", *includes.split(), "tests/php-zts/threads.c", "-rdynamic",
            prefix / "lib/libphp.a", "-lssl", "-lcrypto", "-lresolv", "-lm", "-o", program)
    php_tests(log, extension, php=prefix, folders=("php", "php-zts"), env={"FACTEUR_PHP_THREADS": str(program)})


def front_doors(log, folder, **more):
    env = {**CLI_ENV, "FACTEUR_PHP_EXTENSION": php_extension(), **more}
    pytest(log, builds.installed(builds.first_python()[0]), folder, env=env)


def interop(log):
    front_doors(log, "tests/interop")


def soak(log):
    python = builds.installed(builds.first_python()[0])
    pytest(log, python, "tests/soak")
    length = ["--minutes", "60"] if log.long else ["--rounds", "60"]
    text, _ = log.run("scripts/soak", *length, env={"FACTEUR_PYTHON": str(python)}, check=False, timeout=7200)
    last = text.strip().split("\n")[-1]
    counts = re.fullmatch(r"(\d+) rounds: .*; (\d+) found", last)
    if not counts:
        raise Failed("the soak ended without counts")
    log.notes.append(last)
    log.case(True, int(counts[1]))
    log.case(False, int(counts[2]))


def hostile(log):
    front_doors(log, "tests/hostile")


def messages(log):
    front_doors(log, "tests/messages")
    front_doors(log, "tests/letters", **({"FACTEUR_LETTERS_EXAMPLES": "3000"} if log.long else {}))


def bench(log):
    folder = OUT / "bench-test"
    log.run("make", "-C", "bench", f"OUT={folder}")
    certificate, key = folder / "test.pem", folder / "test-key.pem"  # bench/instructions has its own in the same folder
    log.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-keyout", key, "-out", certificate)
    log.command(sys.executable, "bench/test_sink.py", folder / "sink", certificate, key)
    log.command(sys.executable, "bench/test_harness.py")
    log.command(sys.executable, "bench/test_instructions.py")
    log.command(sys.executable, "bench/test_wan.py", folder)
    log.command(sys.executable, "bench/instructions", "--check", "--folder", folder, "--build", RELEASE)


def canary(log):
    text, code = log.run("scripts/canary", check=False, timeout=7200)
    last = text.strip().split("\n")[-1]
    if code == 69:
        log.skips.append(("canary", last))
        return
    counts = re.fullmatch(r"(\d+) passed, (\d+) failed", last)
    if not counts:
        raise Failed("the canary ended without counts")
    log.case(True, int(counts[1]))
    log.case(False, int(counts[2]))


def mutants(log):
    seed = os.environ.get("FACTEUR_MUTANTS_SEED") or time.strftime("%Y%m%d")
    text, code = log.run("scripts/mutate", "--seed", seed, check=False, timeout=14400)
    log.notes.append(text.strip().split("\n")[-1])
    log.case(code == 0)


WAITS = 0.5  # of a processor: most of the time is spent on servers and deadlines
# In the order in which they begin, as far as the machine has room: what takes long and what waits early.
SUITES = {
    "structure": Suite(structure, 1, ["release"], "layers, lists, exported symbols, generated files, and that the check can fail"),
    "format": Suite(clang_format, 1, [], "clang-format over the C sources"),
    "python": Suite(python, WAITS, ["release", "wheel"], "the wheel from the sdist, in full on the first CPython >= 3.11 here"),
    "pythons": Suite(pythons, 1, ["release", "wheel"], "what depends on the interpreter on each other one; --long: everything"),
    "php-zts": Suite(php_zts, 1, [], "phpt on a thread-safe PHP with debug checks, built from Debian's source; and its threads"),
    "faults": Suite(faults, 1, ["gcc", "wheel"], "what relays do wrong, row by row, and the only right verdict on the mail"),
    "c-gcc": Suite(c_gcc, 2, ["gcc"], "C tests, gcc, ASan + UBSan, failing allocations"),
    "c-clang": Suite(c_clang, 2, ["clang"], "C tests that compute, clang, ASan + UBSan; --long: all"),
    "coverage": Suite(coverage, 2, [], "branches of the protocol engine that its C tests reach, at least 95 %"),
    "c-threads": Suite(c_threads, 2, ["threads"], "the tests with threads under ThreadSanitizer"),
    "fuzz": Suite(fuzz, 2, ["clang"], "every libFuzzer target for 10 s; --long: 120 s; or FACTEUR_FUZZ_SECONDS"),
    "server": Suite(server, WAITS, [], "the test server's own tests"),
    "cli": Suite(cli, WAITS, ["release"], "the program, that it judges an order as its schema does, and its outbox when it is killed; --long: at each call"),
    "databases": Suite(databases, WAITS, ["release", "gcc", "wheel"], "the outbox in real database servers: its contract in C, and the program over them"),
    "php": Suite(php, WAITS, ["php"], "phpt"),
    "php-valgrind": Suite(php_valgrind, 1, ["php"], "phpt of memory and ends under valgrind; --long: all"),
    "messages": Suite(messages, 1, ["release", "wheel", "php"],
                      "a corpus of messages: octets, four parsers' readings, one result from every front door; any letter of the schemas"),
    "hostile": Suite(hostile, 1, ["release", "wheel", "php"], "what strangers type, into every field and every front door"),
    "soak": Suite(soak, WAITS, ["wheel"], "threads, loops, forks, cancels and cuts at one mailer, by a seed, and the relay's journal; --long: an hour"),
    "interop": Suite(interop, WAITS, ["release", "wheel", "php"], "Postfix, Dovecot and other servers, and the docs' examples"),
    "bench": Suite(bench, 1, ["release"], "that the bench's sink counts right, its WAN loses packets, its limits are kept, and that "
                   "no part of a mail's way costs 5 % more instructions"),
    "canary": Suite(canary, 1, [], "everything built and tested once more in a root of the newest Debian"),
    "mutants": Suite(mutants, 2, [], "300 small changes of the core, of which the tests notice 95 %; FACTEUR_MUTANTS_SEED"),
}
LONG_ONLY = {"canary", "mutants"}  # run with --long, or by name
