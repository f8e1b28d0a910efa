import pytest
import time_machine


@pytest.fixture
def time_machine_at():
    """`with time_machine_at(MONDAY): …` for pages, whose instant is the request's."""

    def travel(instant):
        return time_machine.travel(instant, tick=False)

    return travel
