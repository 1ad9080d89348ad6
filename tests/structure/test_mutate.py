"""scripts/mutate draws from code alone, the same for one seed, and knows what is a statement."""
import importlib.machinery
import importlib.util
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/mutate"

loader = importlib.machinery.SourceFileLoader("mutate", str(SCRIPT))
mutate = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutate", loader))
loader.exec_module(mutate)


def changed(text):
    return {new for _, _, _, new in mutate.mutants_of("x.c", text)}


def test_operators_constants_and_statements_are_changed():
    assert {"if (a <= b)", "if (a > b)"} & changed("if (a < b)")
    assert "if (a || b)" in changed("if (a && b)")
    assert "if (a)" in changed("if (!a)")
    assert {"x = 8;", "x = 6;"} <= changed("x = 7;")
    assert "return false;" in changed("return true;")
    assert "    ;" in changed("    fct_free(block);")
    assert "    ;" in changed("    s->count -= 2;")


def test_comments_strings_and_preprocessor_lines_stay():
    assert changed('/* a < 7 && b */ "a && 3" // x == 1') == set()
    assert changed("#define A 7 \\\n  + 8") == set()
    assert changed("static const char *name = \"x\";") == set()


def test_declarations_and_jumps_are_no_statements():
    for line in ("    int x = y;", "    return x;", "    break;", "    goto fail;"):
        assert "    ;" not in changed(line), line


def test_a_seed_draws_the_same_mutants():
    drawn = [subprocess.run([SCRIPT, "--list", "--count", "20", "--seed", seed, "--folder", "core/src/base"], check=True,
                            text=True, capture_output=True).stdout for seed in ("1", "1", "2")]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0].splitlines()) == 20


def test_what_is_explained_names_a_line_that_is_there():
    for (name, old, _), reason in mutate.explained().items():
        lines = {line.strip() for line in (ROOT / name).read_text().split("\n")}
        assert old in lines, f"{name} has no line {old}"
        assert reason


def reach(tmp_path, monkeypatch, text, ran):
    """A mutate.Reach of one file, x.c of pool/, and of tests of which one is not counted."""
    monkeypatch.setattr(mutate, "TREE", tmp_path)
    (tmp_path / "core/src/pool").mkdir(parents=True)
    (tmp_path / "core/src/pool/x.c").write_text(text)
    made = object.__new__(mutate.Reach)
    made.layers = {"near": "pool", "far": "mailer", "forking": "mailer", "uncounted": "mailer"}
    made.ran = {program: {"core/src/pool/x.c": lines} for program, lines in ran.items()}
    made.code = {"core/src/pool/x.c": {3, 4, 5, 6, 9}}
    made.forks = ["forking"]
    return lambda number: made.programs("core/src/pool/x.c", number)


def test_only_what_executes_a_statement_tries_it(tmp_path, monkeypatch):
    text = ("static int a[] = {1,\n  2};\n"
            "int f(int x) {\n  if (x < 1 ||\n      x > 2)\n    x++;\n  switch (x) {\n  case 7:\n    x--;\n")
    programs = reach(tmp_path, monkeypatch, text, {"near": {3, 4}, "far": {3, 4, 5, 6}, "forking": {3}})
    assert programs(4) == programs(5) == programs(6) == {"near": 0, "far": 1, "uncounted": 1}
    assert programs(2) == programs(8) == {"near": 0, "far": 1, "forking": 1, "uncounted": 1}, "data and labels are for all"
    assert programs(9) == {"forking": 1, "uncounted": 1}, "it may be executed in a child, which is not counted"


def test_mutants_that_nobody_notices_are_tried_at_once():
    trial, groups = object.__new__(mutate.Trial), []

    def seen(mutants):
        groups.append(len(mutants))
        return 5 in mutants or 7 in mutants

    trial.seen = seen
    assert trial.noticed(list(range(16, 32))) == []
    assert groups == [16]
    assert trial.noticed(list(range(16))) == [5, 7]
    assert trial.noticed([]) == []


def test_two_changes_of_a_line_are_not_made_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(mutate, "TREE", tmp_path)
    (tmp_path / "x.c").write_text("a\nb\nc")
    texts = {}
    assert mutate.mutate(texts, ("x.c", 2, "b", "B"))
    assert mutate.mutate(texts, ("x.c", 3, "c", "C"))
    assert texts == {"x.c": "a\nB\nC"}
    assert not mutate.mutate(texts, ("x.c", 2, "b", "BB"))


def test_each_room_has_doors_that_exist():
    assert set(mutate.DOORS) == {path.name for path in (ROOT / "core/src").iterdir() if path.is_dir()}
    for paths in mutate.DOORS.values():
        assert all((ROOT / "tests" / path).exists() for path in paths.split())


def test_what_takes_longer_meets_only_what_is_left(tmp_path, monkeypatch):
    """Of six mutants each step but the last notices one; servers get those of the outbox, TSan those of rooms with threads."""
    rooms = ("pool", "mime", "outbox", "mime", "pool", "smtp")
    mutants = [(f"core/src/{room}/x.c", number, "a", "b") for number, room in enumerate(rooms)]
    tried = []

    def step(name, found):
        def noticed(rest, *others):
            if rest:
                tried.append((name if isinstance(name, str) else others[-1], [mutant[1] for mutant in rest]))
            return [mutant for mutant in rest if mutant[1] == found]

        return noticed

    monkeypatch.setattr(mutate, "TREE", tmp_path)
    monkeypatch.setattr(mutate, "try_sanitized", step(None, 0))
    monkeypatch.setattr(mutate, "try_fuzz", step("fuzz", 1))
    monkeypatch.setattr(mutate, "try_servers", step("servers", 2))
    monkeypatch.setattr(mutate, "try_doors", step("doors", 3))
    seen = mutate.try_longer(mutants, {}, None, 1)
    assert tried == [("address,undefined", [0, 1, 2, 3, 4, 5]), ("fuzz", [1, 2, 3, 4, 5]), ("servers", [2]), ("doors", [3, 4, 5]),
                     ("thread", [4])]
    assert [len(found) for found in seen.values()] == [1, 1, 1, 1, 0]
