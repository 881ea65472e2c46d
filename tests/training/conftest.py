"""Images, and networks that stay compiled, for all tests of training."""

import pytest

from inits.data.dataset import Dataset
from inits.data.standin import digits
from inits.training.slot import Slots


@pytest.fixture(scope="session")
def data():
    """650 images to learn from, 21 batches with a short one at the end, and 2,300 to test on."""
    x, y = digits().x_train, digits().y_train
    return Dataset("digits", x[:650], y[:650], x[-2300:], y[-2300:])


@pytest.fixture(scope="session")
def slots():
    return Slots(keep=8)
