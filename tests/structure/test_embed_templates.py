"""scripts/embed-templates: what it writes compiles for any locale, and what is not complete does not ship."""
import json
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path):
    for folder in ("core/templates", "core/src/letters"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/embed-templates", tmp_path / "scripts")
    return tmp_path


def embed(tree, *arguments):
    done = subprocess.run([tree / "scripts/embed-templates", *arguments], text=True, capture_output=True)
    assert done.stdout == ""
    return done.returncode, done.stderr


def data_of(tree):
    return (tree / "core/src/letters/templates_data.c").read_text("utf-8")


def change(tree, tag, **texts):
    """Set texts of a catalogue, or with None take them out."""
    path = tree / f"core/templates/{tag}.json"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    known.update(texts)
    path.write_text(json.dumps({key: text for key, text in known.items() if text is not None}), "utf-8")


def compiles(tree):
    done = subprocess.run(["cc", "-std=gnu11", "-fsyntax-only", f"-I{ROOT}/core/include", f"-I{tree}/core/src",
                           f"-I{ROOT}/core/src", tree / "core/src/letters/templates_data.c"], text=True, capture_output=True)
    return done.stderr


def test_what_is_committed_is_current_and_complete(tree):
    assert embed(tree, "--check") == (0, "")


def test_a_locale_is_one_file(tree):
    shutil.copy(tree / "core/templates/en.json", tree / "core/templates/zh-Hant-TW.json")
    assert embed(tree) == (0, "")
    assert '{"zh-Hant-TW", texts_zh_Hant_TW}' in data_of(tree)
    assert compiles(tree) == ""
    assert embed(tree, "--check") == (0, "")


def test_a_kind_is_one_folder(tree):
    folder = tree / "core/src/letters/shipped"
    folder.mkdir()
    (folder / "shipped.c").write_text("/* its table */\n")
    (folder / "shipped.txt").write_text("{{$greeting}}\n")
    assert embed(tree) == (0, "")
    made = data_of(tree)
    assert '"contact_form",\n    "order_confirmation",\n    "shipped",\n    0,\n' in made
    assert '{"shipped.txt",\n' in made
    assert compiles(tree) == ""


def test_a_gap_is_english_until_it_ships(tree):
    change(tree, "fr", greeting=None)
    assert embed(tree) == (0, "the catalogue fr lacks greeting: the English texts stand in\n")
    assert data_of(tree).count('    "Hello,",\n') == 2
    assert embed(tree, "--check") == (1, "the catalogue fr lacks greeting: the English texts stand in\n")


def test_a_region_needs_only_what_it_says_otherwise(tree):
    change(tree, "fr-CA", shipping="Livraison")
    assert embed(tree) == (0, "")
    made = data_of(tree)
    assert made.count('"Livraison"') == 3  # delivery in both, and its own
    assert made.count('"Frais de port"') == 1
    assert made.count('"Sous-total"') == 2
    assert embed(tree, "--check") == (0, "")


def test_a_plural_form_that_is_not_there_is_the_other_one(tree):
    change(tree, "fr", item_count={"many": "{count} d\u2019articles", "other": "{count} articles"})
    assert embed(tree) == (0, "")
    assert data_of(tree).count('"{count} articles"') == 2  # one and other
    assert data_of(tree).count('"{count} items"') == 2  # many and other of the English
    assert embed(tree, "--check") == (0, "")


@pytest.mark.parametrize(("texts", "told"), [
    ({"greeting_name": "Bonjour {customer},"}, "the catalogue fr: greeting_name names customer, unlike the English text"),
    ({"greeting_twice": "Bonjour"}, "the catalogue en lacks greeting_twice, which another one has"),
    ({"item_count": {"one": "{count} article"}}, '"item_count" needs the form "other"'),
    ({"item_count": {"two": "a", "others": "b", "other": "c"}}, '"item_count" needs the form "other", and may have few'),
])
def test_a_wrong_text_is_refused(tree, texts, told):
    change(tree, "fr", **texts)
    code, error = embed(tree, "--check")
    assert code == 1
    assert told in error


def test_a_key_that_stands_twice_is_refused(tree):
    (tree / "core/templates/fr.json").write_text('{"total": "a", "total": "b"}')
    code, error = embed(tree)
    assert code == 1
    assert "a key stands twice: ['total', 'total']" in error


@pytest.mark.parametrize("name", ["pt_BR", "PT-br", "portugu\u00eas", "pt-br", "x", "zh-hant"])
def test_a_catalogue_that_is_not_called_by_its_tag_is_refused(tree, name):
    (tree / f"core/templates/{name}.json").write_text("{}")
    code, error = embed(tree)
    assert code == 1
    assert "a catalogue is called by its BCP 47 tag" in error


def test_two_templates_of_one_name_are_refused(tree):
    (tree / "core/templates/order_confirmation.txt").write_text("")
    code, error = embed(tree)
    assert code == 1
    assert "order_confirmation.txt: there is another template of this name" in error


def test_what_is_not_current_is_told(tree):
    (tree / "core/templates/close.html").write_text("</html>\n")
    assert embed(tree, "--check") == (1, "core/src/letters/templates_data.c is not current: run scripts/embed-templates\n")


def test_another_folders_kind_does_not_ship(tree):
    assert embed(tree, "--with", ROOT / "tests/letters/test_letter")[0] == 2
    code, told = embed(tree, "--with", ROOT / "tests/letters/test_letter", "--output", tree / "data.c",
                       "--depfile", tree / "data.d")
    assert code == 0
    assert "the catalogue zh lacks" in told
    assert "&fct_letter_test_letter," in (tree / "data.c").read_text()
    assert "test_letter" not in data_of(tree)
    read = (tree / "data.d").read_text()
    assert str(tree / "core/templates/fr.json") in read
    assert str(ROOT / "tests/letters/test_letter/zh.json") in read
