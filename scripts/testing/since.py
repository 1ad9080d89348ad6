"""Which suites a change touches: the table, and what git says was changed."""
import fnmatch
import subprocess

from .log import ROOT
from .suites import SUITES

EVERYTHING = frozenset(SUITES)
C = {"structure", "format", "c-gcc", "c-clang"}
DOORS = {"cli", "python", "php", "messages", "hostile", "interop"}
SENDING = {"c-threads", "faults", "pythons", "php-valgrind", "php-zts", "soak"}

# The first pattern that fits a path says what is run for it ("*" takes "/" too); a path that none fits runs everything.
TABLE = [
    ("core/src/base/*", EVERYTHING - {"server"}),
    ("core/src/mime/*", C | DOORS | {"fuzz", "coverage", "php-valgrind", "bench"}),
    ("core/src/smtp/*", C | DOORS | SENDING | {"fuzz", "coverage", "bench"}),
    ("core/src/letters/*", C | DOORS | {"fuzz", "php-valgrind", "bench"}),
    ("core/src/config/*", C | DOORS | SENDING | {"fuzz"}),
    ("core/src/outbox/*", C | DOORS | SENDING | {"bench", "databases"}),
    ("core/src/*", C | DOORS | SENDING | {"bench"}),
    ("core/include/*", EVERYTHING - {"server"}),
    ("core/cli/*", {"structure", "format", "cli", "messages", "hostile", "interop"}),
    ("core/templates/*", C | DOORS),
    ("core/schema/*", {"structure", "c-gcc", "cli", "messages"}),
    ("bindings/python/*", {"structure", "format", "python", "pythons", "messages", "hostile", "soak", "interop"}),
    ("ext/*", {"structure", "format", "php", "php-valgrind", "php-zts", "messages", "hostile", "interop"}),
    ("config.m4", {"php", "php-zts"}),
    ("composer.json", {"structure", "php"}),
    ("setup.py", {"python", "pythons"}),
    ("pyproject.toml", {"python", "pythons"}),
    ("MANIFEST.in", {"python"}),
    ("tests/core/programs.list", C | {"coverage", "c-threads"}),
    ("tests/core/support/*", C | {"coverage", "c-threads", "fuzz"}),
    ("tests/core/test_outbox*", C | {"databases"}),
    ("tests/core/*", C | {"coverage", "c-threads"}),
    ("tests/fuzz/*", {"structure", "format", "fuzz"}),
    ("tests/corpus/fuzz/*", {"fuzz"}),
    ("tests/corpus/smtp/*", {"c-gcc", "c-clang", "coverage", "fuzz", "server"}),
    ("tests/corpus/messages/*", {"messages"}),
    ("tests/corpus/poison.json", {"hostile"}),
    ("tests/corpus/*", C | DOORS),
    ("tests/server/*", {"structure", "server", "faults", "cli", "python", "pythons", "php", "php-zts", "hostile", "soak", "interop"}),
    ("tests/support/databases.py", {"structure", "databases"}),
    ("tests/support/*", {"structure", "faults", "cli", "python", "pythons", "messages", "hostile", "soak", "interop"}),
    ("tests/faults/*", {"structure", "format", "faults", "python", "php"}),
    ("tests/cli/*", {"structure", "cli"}),
    ("tests/outbox/*", {"structure", "cli"}),
    ("tests/databases/*", {"structure", "databases"}),
    ("tests/python/*", {"structure", "python", "pythons"}),
    ("tests/php/*", {"structure", "php", "php-valgrind", "php-zts"}),
    ("tests/php-zts/*", {"format", "php-zts"}),
    ("tests/messages/*", {"structure", "messages"}),
    ("tests/letters/*.py", {"structure", "messages"}),
    ("tests/hostile/*", {"structure", "hostile"}),
    ("tests/soak/*", {"structure", "soak"}),
    ("scripts/soak", {"soak"}),
    ("tests/interop/*", {"structure", "interop"}),
    ("tests/structure/*", {"structure"}),
    ("bench/results/*", {"structure"}),
    ("bench/*", {"structure", "bench"}),
    ("scripts/coverage", {"coverage"}),
    ("scripts/build-zts", {"php-zts"}),
    ("scripts/canary", {"canary"}),
    ("scripts/build-php", {"php", "php-zts"}),
    ("scripts/check-structure", {"structure", "php"}),
    ("scripts/embed-templates", {"structure"}),
    ("scripts/options-doc", {"structure"}),
    ("scripts/php-arginfo", {"structure"}),
    ("scripts/message-table", {"structure"}),
    ("scripts/tables.py", {"structure"}),
    ("scripts/demo*", {"interop"}),
    ("scripts/screenshots", set()),
    ("examples/*", {"interop"}),
    ("docs/faults.md", {"structure", "faults", "interop"}),
    ("docs/cli.md", {"structure", "cli", "interop"}),
    ("*.md", {"structure", "interop"}),
    ("docs/*", {"structure", "interop"}),
    ("LICENSE", set()),
    (".gitignore", set()),
]


def touched(path):
    """The pattern that fits, and its suites; (None, everything) when none does."""
    for pattern, suites in TABLE:
        if fnmatch.fnmatchcase(path, pattern):
            return pattern, suites
    return None, EVERYTHING


def changed(commit, root=ROOT):
    """Paths that differ from a commit in the working tree, with those that git does not know yet."""
    def git(*words):
        done = subprocess.run(["git", *words], cwd=root, text=True, capture_output=True)
        if done.returncode:
            raise ValueError(done.stderr.strip())
        return set(filter(None, done.stdout.split("\0")))

    return sorted(git("diff", "--name-only", "--no-renames", "-z", commit, "--") |
                  git("ls-files", "--others", "--exclude-standard", "-z"))


def choose(paths):
    """The suites for these paths, and a line of explanation for each pattern that was met."""
    met, suites = {}, set()
    for path in paths:
        pattern, its = touched(path)
        met.setdefault(pattern, []).append(path)
        suites |= its
    lines = []
    for pattern, its in met.items():
        _, names = touched(its[0])
        what = its[0] if len(its) == 1 else f"{len(its)} files of {pattern or 'no pattern, as ' + its[0]}"
        why = "everything, for no pattern fits" if pattern is None else ", ".join(n for n in SUITES if n in names) or "nothing"
        lines.append(f"{what}: {why}")
    return [name for name in SUITES if name in suites], lines
