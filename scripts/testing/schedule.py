"""Runs jobs side by side, each in a process of its own, as many as keep the processors busy."""
import collections
import json
import os
import subprocess
import time
import traceback

from .log import LOGS, Failed, Log

# A suite or a build: `run` takes its Log, `cores` of the machine are busy by it, `needs` names jobs that must have passed.
Job = collections.namedtuple("Job", "name run cores needs")
Done = collections.namedtuple("Done", "name passed failed skips notes reason seconds cpu_seconds")
NOTHING = {"passed": 0, "failed": 0, "skips": [], "notes": []}


def in_child(job, long, place):
    """Run a job; what came out is written down for the parent."""
    log, reason = Log(job.name.replace(" ", "-"), long), ""
    try:
        job.run(log)
    except (Failed, OSError, subprocess.SubprocessError, IndexError, ValueError) as error:
        reason = str(error)
        log.case(False)
    except BaseException:
        reason = "the suite itself broke"
        log.file.write(traceback.format_exc())
        log.case(False)
    place.write_text(json.dumps({**log.result(), "reason": reason}))


def start(job, long):
    place = LOGS / f"{job.name.replace(' ', '-')}.json"
    place.unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        try:
            in_child(job, long, place)
        finally:
            os._exit(0)
    return pid, place


def finish(job, place, seconds, usage):
    known = {**NOTHING, "failed": 1, "reason": "it ended without a result"}
    if place.exists():
        known = json.loads(place.read_text())
        place.unlink()
    return Done(job.name, known["passed"], known["failed"], known["skips"], known["notes"], known["reason"], seconds,
                usage.ru_utime + usage.ru_stime)


def run(jobs, started, ended, long=False, capacity=None):
    """
    Run the jobs, each when those it needs have passed and the machine has room.  `started` is told a job's name,
    `ended` its Done, in the order in which they end.

    One more than the processors are given out, because no job keeps its share busy all the time.
    """
    room = capacity or (os.cpu_count() or 1) + 1
    waiting, running, done = list(jobs), {}, {}

    def end(result):
        done[result.name] = result
        ended(result)

    while waiting or running:
        for job in list(waiting):
            needs = [done.get(name) for name in job.needs]
            if any(need and need.failed for need in needs):
                waiting.remove(job)
                bad = [need.name for need in needs if need and need.failed]
                end(Done(job.name, 0, 1, [], [], f"not run, since {bad[0]} failed", 0, 0))
            elif all(needs) and (not running or sum(job.cores for job, *_ in running.values()) + job.cores <= room):
                waiting.remove(job)
                started(job.name)
                pid, place = start(job, long)
                running[pid] = job, place, time.monotonic()
        if running:
            pid, _, usage = os.wait4(-1, 0)
            if pid in running:
                job, place, since = running.pop(pid)
                end(finish(job, place, time.monotonic() - since, usage))
