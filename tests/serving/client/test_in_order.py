from concurrent.futures import Future

from serving.client.in_order import in_order


def begin_into(begun):
    def begin(item):
        begun.append(Future())
        return begun[-1]

    return begin


def test_items_come_in_order_whichever_is_done_first():
    begun = []
    pairs = in_order("abcd", begin_into(begun), 2)
    seen = [next(pairs)]
    begun[1].set_result("B")
    begun[0].set_result("A")
    assert seen[0][1].result() == "A"
    seen += list(pairs)
    assert [item for item, _ in seen] == list("abcd")
    assert [future for _, future in seen] == begun


def test_items_are_read_no_further_ahead_than_allowed():
    begun = []
    pairs = in_order(iter(range(100)), begin_into(begun), 3)
    next(pairs)
    assert len(begun) == 3
    next(pairs)
    assert len(begun) == 4


def test_what_is_under_way_is_cancelled_when_the_reader_stops():
    begun = []
    pairs = in_order("abcd", begin_into(begun), 3)
    next(pairs)
    pairs.close()
    assert [future.cancelled() for future in begun] == [False, True, True]
