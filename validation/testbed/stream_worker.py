"""One end of a TCP stream, run inside a host: ``serve PORT`` or ``send ADDRESS PORT BYTES REPEATS``.

The sender writes ``ready`` once it has measured round trips of one byte, waits for the end of its input, and after its
transfers writes one line of JSON with all times.
"""

import json
import socket
import sys
import time
from collections.abc import Sequence

HEADER_BYTES = 8
CHUNK_BYTES = 2**20
ROUND_TRIPS = 200
CONNECT_WITHIN_S = 10.0
READY = "ready"


def serve(port: int) -> None:
    """Take one connection, and answer every message with one byte when all of it has arrived."""
    with socket.create_server(("0.0.0.0", port)) as server:
        connection, _ = server.accept()
    with connection:
        _send_at_once(connection)
        buffer = bytearray(CHUNK_BYTES)
        while _read(connection, buffer, HEADER_BYTES):
            _read(connection, buffer, int.from_bytes(buffer[:HEADER_BYTES], "big"))
            connection.sendall(b".")


def send(address: str, port: int, size_bytes: int, repeats: int) -> None:
    """Measure round trips, and transfers when it is told to.

    Notes
    -----
    A transfer is over when the receiver's answer is back, so half a round trip too late.
    """
    message = size_bytes.to_bytes(HEADER_BYTES, "big") + bytes(size_bytes)
    empty = bytes(HEADER_BYTES)
    with _connected(address, port) as connection:
        _send_at_once(connection)
        round_trips = [_exchange(connection, empty) for _ in range(ROUND_TRIPS)]
        sys.stdout.write(f"{READY}\n")
        sys.stdout.flush()
        sys.stdin.read()
        times = [_exchange(connection, message) for _ in range(repeats)]
    sys.stdout.write(json.dumps({"round_trips_s": round_trips, "times_s": times}) + "\n")


def main(arguments: Sequence[str]) -> None:
    """Run one end."""
    if arguments[0] == "serve":
        serve(int(arguments[1]))
    else:
        address, port, size, repeats = arguments[1:]
        send(address, int(port), int(size), int(repeats))


def _connected(address: str, port: int) -> socket.socket:
    deadline_s = time.monotonic() + CONNECT_WITHIN_S
    while True:
        try:
            return socket.create_connection((address, port), timeout=None)
        except ConnectionRefusedError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.02)


def _exchange(connection: socket.socket, message: bytes) -> float:
    begin_s = time.perf_counter()
    connection.sendall(message)
    if not connection.recv(1):
        problem = "the other end closed the connection"
        raise ConnectionError(problem)
    return time.perf_counter() - begin_s


def _send_at_once(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _read(connection: socket.socket, buffer: bytearray, size_bytes: int) -> bool:
    """Read so many bytes; False when the connection ends first."""
    view = memoryview(buffer)
    missing = size_bytes
    while missing:
        got = connection.recv_into(view[: min(missing, len(buffer))])
        if not got:
            return False
        missing -= got
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
