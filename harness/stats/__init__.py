"""Statistics: pure functions from numbers to `harness.records.Interval` and p-values.

    intervals       what every interval keeps: it holds its value and stays in the parameter's range
    rates           shares and means; `rates.share` is what a probe wants
    clusters        standard errors when cases share a context
    resample        bootstrap and permutation
    compare         two models, or one model twice, on the same items
    multiplicity    Holm and Benjamini-Hochberg
    equivalence     non-inferiority and equivalence: pass, fail or inconclusive
    power           smallest effects that a plan can find
    roc             area under the curve, true positives at a fixed false-positive rate
    membership      membership scores that reference models calibrate
    counterfactual  what training on a record changes, by models trained with it and without it
    blind           whether two sets of records can be told apart without any model
    judges          a rate corrected for the errors of what judged it
    agreement       judges against people
    sequential      evidence that may be looked at after every item
    one_run         a lower bound on epsilon from guesses of fair coins
    exposure        planted secrets ranked among secrets like them
    discoverable    how many samples give a text word for word
    ranks           whether one quantity rises with another

Import what you use from its room: ``from harness.stats.rates import share``.
"""
