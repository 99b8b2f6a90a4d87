"""Means of paired measurements and how certain they are: a bootstrap over the questions."""
import math
import random


def mean(values):
    return math.fsum(values) / len(values)


def percentile(ordered, share):
    """The value below which a share of ordered values lies, between two neighbours in proportion."""
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def interval(values):
    """The middle 95 % of values."""
    ordered = sorted(values)
    return percentile(ordered, 0.025), percentile(ordered, 0.975)


class Bootstrap:
    """The same resamples of the questions for every row, so that rows stay paired."""

    # A ratio whose denominator is not clearly above zero has no interval worth the name.
    MOST_UNDEFINED = 0.01

    def __init__(self, questions, resamples=10_000, seed=42):
        generator = random.Random(seed)
        every = range(questions)
        self._picked = [generator.choices(every, k=questions) for _ in range(resamples)]
        self._means = {}

    def means(self, values):
        """The mean of each resample."""
        key = tuple(values)
        if key not in self._means:
            if self._picked and len(key) != len(self._picked[0]):
                raise ValueError(f"{len(key)} values for {len(self._picked[0])} questions")
            count = len(key)
            self._means[key] = [sum(map(key.__getitem__, picked)) / count for picked in self._picked]
        return self._means[key]

    def difference(self, values, others):
        """Mean of values - others, low and high end."""
        low, high = interval([a - b for a, b in zip(self.means(values), self.means(others))])
        return mean(values) - mean(others), low, high

    def recovered(self, values, none, full):
        """(values - none) / (full - none), low and high end; None for what is not defined: a share of
        nothing, or an interval over resamples of which too many have full no better than none."""
        worth = mean(full) - mean(none)
        if worth <= 0.0:
            return None, None, None
        shares = [
            (x - zero) / (one - zero)
            for x, zero, one in zip(self.means(values), self.means(none), self.means(full))
            if one > zero
        ]
        share = (mean(values) - mean(none)) / worth
        if len(self._picked) - len(shares) > self.MOST_UNDEFINED * len(self._picked):
            return share, None, None
        return (share, *interval(shares))
