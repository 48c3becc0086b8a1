"""Work that waits is held from its beginning to its end, and a row of it only as long."""

from __future__ import annotations

import pytest

from labcloud.api import Scope
from labcloud.iotsql import Message
from labcloud.persistence.inbox import MessageInbox
from labcloud.persistence.state import Persistence

HERE = Scope("123456789012", "eu-west-1")


@pytest.fixture
def kept(tmp_path):
    persistence = Persistence(tmp_path)
    persistence.restore()
    yield persistence
    persistence.close()


def messages(*numbers):
    return [Message("a", b'{"n": %d}' % number, 0, trace_id=str(number)) for number in numbers]


def test_the_messages_of_a_turn_are_one_row_until_they_are_done(kept):
    inbox = MessageInbox(kept, "inbox")
    name = inbox.begin(HERE, messages(1, 2))
    kept.commit()
    [(_, (scope, waiting))] = kept.rows("inbox")
    assert (scope, [message.trace_id for message in waiting]) == (HERE, ["1", "2"])
    inbox.done(name)
    kept.commit()
    assert kept.rows("inbox") == []
    assert inbox._held == {}


def test_what_was_read_from_a_payload_is_not_kept(kept):
    inbox, [message] = MessageInbox(kept, "inbox"), messages(1)
    assert message.document_2016 == {"n": 1}
    inbox.begin(HERE, [message])
    kept.commit()
    [(_, (_, [waiting]))] = kept.rows("inbox")
    assert "document_2016" not in waiting.__dict__
    assert waiting.document_2016 == {"n": 1}


def test_what_was_done_before_anything_was_acknowledged_leaves_no_row(kept):
    inbox = MessageInbox(kept, "inbox")
    inbox.done(inbox.begin(HERE, messages(1)))
    kept.commit()
    assert kept.rows("inbox") == []


def test_after_a_crash_the_work_is_handed_over_in_its_order_and_forgotten(kept):
    inbox = MessageInbox(kept, "inbox")
    inbox.begin(HERE, messages(1, 2))
    inbox.begin(HERE, messages(3))
    kept.commit()
    again: list[str] = []
    MessageInbox(kept, "inbox").resume(lambda scope, waiting: again.extend(message.trace_id for message in waiting))
    assert again == ["1", "2", "3"]
    assert kept.rows("inbox") == []
