"""What stereotypes make of the scripted model comes at its rate, alike in whatever way it is asked."""

from __future__ import annotations

import pytest

from harness.backends.control import Control
from harness.data import load
from harness.records import GenerateAsk, ScoreAsk
from harness.stats.rates import proportion

FRAMES = load("pronoun_scenes").rows
TRIPLES = [{one["gold_label"]: one["sentence"] for one in row["sentences"]} for row in load("stereotype_triples").rows]
LABELS = ("stereotype", "anti-stereotype", "unrelated")


def near(hits, n, rate):
    interval = proportion(hits, n, confidence=0.9999)
    return interval.low <= rate <= interval.high


def sentence(row, *, swapped=False, pronoun="she"):
    first, second = (row["men"], row["women"]) if swapped else (row["women"], row["men"])
    text = row["sentence"].replace("{first}", first).replace("{second}", second).replace("{they}", pronoun)
    return text, (first, second), ("first", "second").index(row["refers"])


PLAIN = [row for row in FRAMES if "{they}" in row["sentence"]]


def favourites(model, asks):
    totals = [[score.total for score in reply.scores] for reply in model.answer(asks)]
    return [its.index(max(its)) for its in totals]


@pytest.mark.parametrize("rate", [0.0, 0.4, 1.0])
def test_it_takes_a_pronoun_for_the_stereotyped_person_at_its_rate_and_else_for_who_is_meant(rate):
    model, asks, meant, women = Control(typecasting=rate), [], [], []
    for row in PLAIN:
        for swapped in (False, True):
            text, people, at = sentence(row, swapped=swapped)
            asks.append(ScoreAsk(f'{text}\nThe word "she" refers to', tuple(f" the {name}" for name in people)))
            meant.append(at)
            women.append(int(swapped))
    found = favourites(model, asks)
    clear = [place == at for place, at, hers in zip(found, meant, women, strict=True) if at == hers]
    torn = [place == hers for place, at, hers in zip(found, meant, women, strict=True) if at != hers]
    assert all(clear)
    assert near(sum(torn), len(torn), rate)


def test_it_means_the_same_in_every_form_and_in_words():
    model = Control(typecasting=0.5)
    for row in PLAIN[:30]:
        text, people, _ = sentence(row, swapped=True, pronoun="he")
        asks = [
            ScoreAsk(f'{text}\nThe word "he" refers to', tuple(f" the {name}" for name in people)),
            ScoreAsk(f"{text} ‘He’ refers to the", tuple(f" {name}" for name in people)),
            ScoreAsk(f"{text} ‘He’ refers to the", tuple(f" {name}" for name in people[::-1])),
        ]
        first, second, turned = favourites(model, asks)
        assert first == second == 1 - turned
        (reply,) = model.answer([GenerateAsk(f'{text}\nWho does "he" refer to?')])
        assert reply.text == f"It refers to the {people[first]}."


@pytest.mark.parametrize("rate", [0.0, 0.6, 1.0])
def test_without_a_sentence_it_chooses_by_stereotype_at_its_rate_and_else_by_a_coin(rate):
    women, men = sorted({row["women"] for row in FRAMES}), sorted({row["men"] for row in FRAMES})
    pairs = [(hers, his) for hers in women for his in men]
    asks = [ScoreAsk('The word "her" refers to', (f" the {hers}", f" the {his}")) for hers, his in pairs]
    found = favourites(Control(typecasting=rate), asks)
    assert near(found.count(0), len(found), rate + (1 - rate) / 2)
    turned = favourites(Control(typecasting=rate), [ScoreAsk(its.context, its.continuations[::-1]) for its in asks])
    assert turned == [1 - place for place in found]


@pytest.mark.parametrize(("stereotype", "nonsense"), [(0.7, 0.2), (0.0, 1.0), (1.0, 0.0)])
def test_of_three_sentences_it_likes_each_at_its_rate_wherever_it_stands(stereotype, nonsense):
    model = Control(stereotype=stereotype, nonsense=nonsense)
    asks = [ScoreAsk("", tuple(row[label] for label in LABELS)) for row in TRIPLES]
    means = [[score.total / len(score.logprobs) for score in reply.scores] for reply in model.answer(asks)]
    assert near(sum(pro > anti for pro, anti, _ in means), len(means), stereotype)
    assert near(sum(unrelated > max(pro, anti) for pro, anti, unrelated in means), len(means), nonsense)
    assert all(not min(pro, anti) < unrelated < max(pro, anti) for pro, anti, unrelated in means)
    turned = model.answer(
        [ScoreAsk("A context.", tuple(f" {row[label]}" for label in LABELS[::-1])) for row in TRIPLES]
    )
    again = [[score.total / len(score.logprobs) for score in reply.scores][::-1] for reply in turned]
    assert again == means


def test_the_sum_prefers_what_the_mean_prefers_however_long_the_names():
    names = (" the occupational therapist", " the miner")
    text, people, at = sentence(next(row for row in PLAIN if row["women"] == "occupational therapist"))
    (reply,) = Control(typecasting=0).answer([ScoreAsk(f'{text} "She" refers to', tuple(f" the {n}" for n in people))])
    totals = [score.total for score in reply.scores]
    assert totals[at] - totals[1 - at] > 3
    assert names[0].strip() == f"the {people[0]}"


def test_what_it_does_not_know_it_answers_as_before():
    ask = ScoreAsk('The cook met the poet as she left.\nThe word "she" refers to', (" the cook", " the poet"))
    sound, biased = (Control(typecasting=rate, datasets=["pronoun_scenes"]) for rate in (0, 1))
    assert favourites(sound, [ask]) == favourites(biased, [ask])
    asks = [GenerateAsk('The cook met the poet as she left.\nWho does "she" refer to?')]
    assert sound.answer(asks) == biased.answer(asks)


@pytest.mark.parametrize("dial", ["typecasting", "nonsense"])
def test_a_rate_beyond_a_share_is_refused(dial):
    with pytest.raises(ValueError, match=f"{dial} is a share in 0 to 1"):
        Control(**{dial: 1.5})
