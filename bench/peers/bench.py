# SPDX-License-Identifier: MIT
"""What the Python peers share: the job from the environment, the clock around each mail, the answer."""
import json
import os
import sys
import time

E = os.environ
HOST, PORT, CA = E["BENCH_HOST"], int(E["BENCH_PORT"]), E["BENCH_CA"]
TLS, LOGIN = E["BENCH_TLS"], E["BENCH_LOGIN"] == "1"  # TLS: none, implicit or starttls
USER, PASSWORD = "shop@example.com", "s3cret"
SENDER, RECIPIENT = "shop@example.com", "zoe@example.net"
MODE, WORK, MAILS, DEPTH = E["BENCH_MODE"], E["BENCH_WORK"], int(E["BENCH_MAILS"]), int(E["BENCH_DEPTH"])


def read(name):
    with open(os.path.join(E["BENCH_DIR"], name), "rb") as file:
        return file.read()


def path(name):
    """Of a file of the job; None when it has none of that name."""
    full = os.path.join(E["BENCH_DIR"], name)
    return full if os.path.exists(full) else None


TEXT, HTML = read("order.txt").decode(), read("order.html").decode()
RAW, ORDER = read("order.eml"), read("order.json").decode()
PDF = read("order.pdf") if path("order.pdf") else None
FILE = path("order.zip")  # too large to be read before it is sent


def parts(number):
    """Subject, text and HTML of one order."""
    number = str(number)
    return f"Order {number}: thank you, Zoë", TEXT.replace("@NUMBER@", number), HTML.replace("@NUMBER@", number)


def one_by_one(send):
    """send(number) returns when the mail was accepted, and raises otherwise."""
    spent = []
    begin = time.perf_counter_ns()
    for number in range(MAILS):
        before = time.perf_counter_ns()
        send(number)
        spent.append((time.perf_counter_ns() - before) // 1000)
    answer(time.perf_counter_ns() - begin, spent)


def answer(wall_ns, spent=()):
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    print(json.dumps({"wall_us": wall_ns // 1000, "us": list(spent), "peak_kib": peak}))


def begin_together():
    """Say that this process is ready, and wait for the word to begin."""
    print("{}", flush=True)
    sys.stdin.readline()
