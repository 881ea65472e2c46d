"""Weight files as starts: as texts and back, in addresses and experiments, and what is refused."""

import re
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inits.errors import ShapeError, SpecError
from inits.experiments.experiment import Experiment, Start
from inits.experiments.file_start import HOWS, REST, RESTS, FileSpec
from inits.experiments.pasted import PastedSpec
from inits.experiments.weight_source import LsuvSpec, parse_kernel
from inits.initializers.parameters import Parameter
from inits.initializers.spec import InitializerSpec
from pages.parts.experiment.cards import Card, format_cards, labels, numbered, parameters, parse_cards

DIGEST = "0123456789abcdef" * 2
parse = InitializerSpec.parse
SPEC = FileSpec("net.keras", DIGEST)

digests = st.text("0123456789abcdef", min_size=32, max_size=32)
rests = st.sampled_from([*RESTS, 'VarianceScaling(scale=2.0, mode="fan_in")', "RandomNormal(stddev=0.01)"])
odd = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(":;|<>\n\t /"), max_size=60)
names = st.tuples(odd, st.sampled_from("aZ9.é漢"), odd).map("".join).filter(lambda name: name[:40].strip())
specs = st.builds(
    FileSpec, st.just("x") | names.map("a".__add__), digests, st.sampled_from([*HOWS]), rests.map(parse)
)


@given(st.lists(specs, min_size=1, max_size=8))
def test_texts_addresses_and_experiments_read_back(found):
    for spec in found:
        assert FileSpec.parse(str(spec)) == parse_kernel(str(spec)) == spec
        assert len(spec.name) <= 40
        assert not re.search(r"[:;|<>\n\t]", spec.name)
    cards = numbered(Card(Start(spec, parse("Ones()")), "mine") for spec in found)
    assert parse_cards(format_cards(cards)) == cards
    before = Experiment((Start(found[0]), Start(parse("HeNormal"))))
    after = Experiment.from_json(before.to_json())
    assert (after, after.to_json(), after.key) == (before, before.to_json(), before.key)


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (SPEC, f"file:net.keras:{DIGEST}"),
        (FileSpec("net.keras", DIGEST, "shuffled"), f"file:net.keras:{DIGEST}:shuffled"),
        (FileSpec("a", DIGEST, "Gaussian", parse("Zeros")), f"file:a:{DIGEST}:Gaussian:Zeros()"),
        (FileSpec("a", DIGEST, rest=parse("Zeros")), f"file:a:{DIGEST}:as saved:Zeros()"),
        (FileSpec("C:\\my|net;1 <2>\n.h5", DIGEST), f"file:C \\my/net,1 ‹2› .h5:{DIGEST}"),
    ],
)
def test_defaults_are_left_out_of_the_text(spec, text):
    assert str(spec) == text
    assert FileSpec.parse(text) == spec


def test_short_texts_and_other_starts_are_understood():
    assert FileSpec.parse(f"file:net.keras:{DIGEST}::he_normal") == replace(SPEC, rest=parse("HeNormal"))
    assert FileSpec.parse(f"file:net.keras:{DIGEST}:as saved:") == SPEC
    assert parse_kernel("he_normal") == parse("HeNormal")
    assert parse_kernel("LSUV") == LsuvSpec()
    assert isinstance(parse_kernel(str(PastedSpec("mine", "mine = 1"))), PastedSpec)


NO_DIGEST = "must have a digest of 32 hex digits, but got"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file:", "The name of a start must have a letter, but got"),
        (f"file: :{DIGEST}", "The name of a start must have a letter, but got"),
        ("file:net.h5", f"{NO_DIGEST} ''"),
        (f"file:net.h5:{DIGEST[:-1]}", f"{NO_DIGEST} '{DIGEST[:-1]}'"),
        *(
            (f"file:net.h5:{digest}", NO_DIGEST)
            for digest in (f"{DIGEST}0", DIGEST.upper(), f"{'../' * 10}ab", f"{DIGEST}\n", "٠" * 32)
        ),
        (f"file:net.h5:{DIGEST}:halved", "how must be one of as saved, shuffled, Gaussian, but got 'halved'"),
        (f"file:net.h5:{DIGEST}:shuffled:xavier", "Did you mean GlorotUniform()"),
        (f"file:net.h5:{DIGEST}:shuffled:file:a:{DIGEST}", "but got"),
    ],
)
def test_other_texts_are_refused(text, words):
    for read in (FileSpec.parse, parse_kernel):
        with pytest.raises(SpecError, match=re.escape(words)):
            read(text)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        *(
            (lambda text=text: FileSpec.parse(text), "must begin with file:")
            for text in ("HeNormal()", "", "files:net:1", "FILE:a:b")
        ),
        *(
            (lambda digest=digest: FileSpec("net.h5", digest), "32 hex digits")
            for digest in (None, 5, DIGEST.encode())
        ),
        (lambda: SPEC.replace(how="halved"), "how must be one of"),
        (lambda: SPEC.replace(rest="xavier"), "Did you mean"),
        (lambda: SPEC.replace(name="\n"), "must have a letter"),
        (lambda: SPEC.replace(digest=""), "32 hex digits"),
    ],
)
def test_other_values_are_refused(make, words):
    with pytest.raises(SpecError, match=words):
        make()


def test_labels_name_the_file_and_what_was_done_to_it():
    shuffled = replace(SPEC, how="shuffled", rest=parse("HeNormal"))
    assert (SPEC.label, SPEC.summary) == ("net.keras", "as saved")
    assert (shuffled.label, shuffled.summary) == ("net.keras, shuffled", "shuffled, else HeNormal")
    cards = [Card(Start(SPEC)), Card(Start(shuffled)), Card(Start(SPEC))]
    assert labels(cards) == ["1 net.keras", "net.keras, shuffled", "3 net.keras"]
    assert parameters(Start(shuffled, parse("Ones"))) == "shuffled, else HeNormal; biases Ones"


def test_the_entry_offers_every_choice_and_the_chosen_one():
    rest = "RandomNormal(mean=0.0, stddev=0.02)"
    spec = replace(SPEC, how="Gaussian", rest=parse(rest))
    offered: dict[str, Parameter] = {one.name: one for one in spec.entry.parameters}
    assert dict(spec.arguments) == {"how": "Gaussian", "rest": rest}
    assert list(offered) == [name for name, _ in spec.arguments]
    for name, value in spec.arguments:
        assert {value, offered[name].default} <= set(offered[name].choices)
        assert spec.get(name) == value
        assert offered[name].help.endswith(".")
    assert offered["how"].choices == tuple(HOWS)
    assert offered["rest"].choices == (*RESTS, rest)
    assert SPEC.entry.parameters[1].choices == RESTS
    with pytest.raises(KeyError):
        spec.get("scale")
    for how, rest in product(HOWS, RESTS):
        changed = SPEC.replace(how=how, rest=rest)
        assert changed == FileSpec("net.keras", DIGEST, how, parse(rest))
        assert changed.replace(how="as saved", rest=str(REST)) == SPEC


def test_a_file_has_the_interface_of_other_starts():
    assert SPEC.law((3, 4)) is None
    assert SPEC.random
    assert SPEC.fans((784, 128)) == (784, 128)
    assert SPEC.family == str(SPEC) != replace(SPEC, how="shuffled").family
    with pytest.raises(ShapeError):
        SPEC.check_shape((3, 0))
