"""Draws of laws by SciPy."""

import numpy as np
from scipy import stats

CUT_STD = stats.truncnorm(-2, 2).std()


def normal(std, mean=0.0):
    return stats.norm(mean, std)


def cut(stddev, mean=0.0):
    return stats.truncnorm(-2, 2, mean, stddev)


def uniform(low, high):
    return stats.uniform(low, high - low)


def drawn(law, shape, seed=0):
    return law.rvs(shape, random_state=np.random.default_rng(seed)).astype(np.float32)
