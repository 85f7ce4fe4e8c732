"""The end of the slow clients that `test_clients.py` started: the server has let go of every one. Runs last."""

import time

# The longest that the server allows: a minute and a quarter for a head, a minute for a body, the pings of HTTP/2.
LIFE_SECONDS_MAX = 100


def test_slow_clients_are_let_go(dawdled, say):
    if dawdled.thread is None:
        dawdled.start(200)
    deadline = time.monotonic() + LIFE_SECONDS_MAX + 20
    while dawdled.thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.5)
    assert not dawdled.thread.is_alive(), f"{dawdled.waiting} slow clients are still connected; {dawdled.report()}"
    say(f"all let go: {dawdled.report()}")
    assert max(max(lives) for lives in dawdled.lives.values()) < LIFE_SECONDS_MAX
    assert dawdled.server.process.poll() is None
    assert "panicked" not in dawdled.server.log_path.read_text(errors="replace")
