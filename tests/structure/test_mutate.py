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
