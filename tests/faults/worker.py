"""What one process of fault-sweep does: one runner, and tasks for it."""

import os
from multiprocessing import util

import cases
import runner

mine = None


def begin(work, verbose, trace):
    global mine
    mine = runner.Runner(work, 'w%d' % os.getpid(), verbose, trace)
    util.Finalize(None, end, exitpriority=10)


def end():
    global mine
    if mine is not None:
        mine.close()
    mine = None


def counts_of(case):
    """How many calls of each kind an undisturbed run makes."""
    return mine.undisturbed(case)['counts']


def play(task):
    name, call, error, numbers = task
    case = next(c for c in cases.CASES if c.name == name)
    tried, bad = 0, []
    for n in numbers:
        said = mine.complaints(case, runner.fault_of(call, error, n))
        tried += said is not None
        bad += [('%s: %s %d %s' % (name, call, n, error), text)
                for text in said or []]
    return name, call, tried, bad
