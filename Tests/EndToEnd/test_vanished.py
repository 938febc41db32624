"""Peers that have vanished: no FIN, no RST, no answer to anything. What they held is let go."""

import os
import time

import apart
import rawh2
from rawh2 import RawPeer
from server import LONG
from shards import SH
from test_greedy import Large, ask, of_peers

# A subscription of five minutes, or six seconds.
SCALE = 1 if LONG else 0.02
SUBSCRIPTION_SECONDS = 300 * SCALE
# TCP_USER_TIMEOUT, and a turn of keep-alive probes. It counts from the last that was sent, which may
# be the end of the subscription.
SILENCE_SECONDS = 330 + 15
# What a loaded machine may take longer.
PATIENCE = 20
ROOM = ((rawh2.INITIAL_WINDOW, 2**30),)
NONE = ((rawh2.INITIAL_WINDOW, 0),)


def idle(peer, large):
    ask(peer, "ListStreams", {})


def subscribed(peer, large):
    ask(peer, "SubscribeToShard", {
        "ConsumerARN": large.consumers.pop(), "ShardId": SH(0),
        "StartingPosition": {"Type": "LATEST"}})


def caught_up(peer, large):
    ask(peer, "SubscribeToShard", {
        "ConsumerARN": large.consumers.pop(), "ShardId": SH(1),
        "StartingPosition": {"Type": "TRIM_HORIZON"}})


def owed(peer, large):
    for iterator in large.iterators[:3]:
        ask(peer, "GetRecords", {"ShardIterator": iterator})


# What each holds when it goes, and the window that it has left open.
PEERS = [(idle, ROOM), (subscribed, ROOM), (subscribed, NONE), (caught_up, NONE), (owed, NONE)]


def test_what_a_vanished_peer_held_is_let_go(own):
    def run():
        server = own("--time-scale", str(SCALE))
        try:
            let_go(server)
        finally:
            # It would die with the thread that has started it.
            server.stop()

    apart.run(run)


def let_go(server):
    large = Large(server)
    before = of_peers(server)
    peers = [RawPeer(server, settings=window, source=f"127.0.1.{number + 1}")
             for number, (_, window) in enumerate(PEERS)]
    try:
        expect_release(server, large, before, peers)
    finally:
        for peer in peers:
            peer.close()


def expect_release(server, large, before, peers):
    for peer, (hold, _) in zip(peers, PEERS):
        hold(peer, large)
        # Something comes of it: a head, if the window is closed.
        peer.until(lambda kind, *_: kind == rawh2.HEADERS)
    for number in range(len(PEERS)):
        apart.vanish(f"127.0.1.{number + 1}")
    began = time.monotonic()
    held = of_peers(server)
    assert held["connections"] == before["connections"] + len(PEERS)
    assert held["subscriptions"] == 3
    ends = {"subscriptions": SUBSCRIPTION_SECONDS}
    if LONG:
        ends |= {"bytes": SILENCE_SECONDS, "connections": SUBSCRIPTION_SECONDS + SILENCE_SECONDS}
    while ends:
        # Pushes are under way all the time, and what is healthy goes on.
        server.put("large", os.urandom(1000), ExplicitHashKey="0")
        now, passed = of_peers(server), time.monotonic() - began
        for each in [each for each in ends if now[each] <= before[each]]:
            print(f"{each} back after {passed:.1f} s")
            del ends[each]
        for each, bound in ends.items():
            assert passed < bound + PATIENCE, (each, before, held, now)
        time.sleep(0.1)
