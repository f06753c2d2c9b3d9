"""fault-sweep itself: programs that take a fault badly are found."""

import sys

sys.dont_write_bytecode = True

import cases  # noqa: E402
import runner  # noqa: E402

KNOWN = {'out': b'{"id":"m1"}\n', 'fixed': True, 'state': {'sent': {}},
         'end': {'sent': {'m1': 1}, 'messages': [('m1', 'sent')]}}
FAULT = {'FAILAT_CALL': 'write', 'FAILAT_TIMES': '1'}


def result(status, out=b'', err=b''):
    return runner.Result(status, out, err, 1, 0)


def judged(run):
    case = cases.Case('a case', 'empty', ['omni-queue'])
    return runner.Runner.judge(TRIED, case, KNOWN, run, FAULT)[1]


def ended(**state):
    return runner.Runner.difference(TRIED, dict(KNOWN['end'], **state),
                                    KNOWN['end'])


class Tried(runner.Runner):
    def __init__(self):
        self.simulator = None


TRIED = Tried()
BAD = {
    'hangs': judged(result(None)),
    'crashes': judged(result(139)),
    'says nothing': judged(result(74)),
    'blames the input': judged(result(65, err=b'omni-queue: line 1\n')),
    'says that it is a bug': judged(result(70, err=b'omni-queue: what\n')),
    'takes no notice': judged(result(0, out=b'')),
    'loses a message': ended(messages=[], sent={'m1': 1}),
    'never sends it': ended(sent={}),
    'sends it twice': ended(sent={'m1': 2}),
}
GOOD = {
    'is well': judged(result(0, out=KNOWN['out'])),
    'says what failed': judged(result(74, err=b'omni-queue: stdout: full\n')),
    'ends as it must': ended(),
    'sends again in doubt': ended(sent={'m1': 2}, unknown=[('m1', 1)]),
}
found = [name for name, said in BAD.items() if said]
for name in set(BAD) - set(found):
    print('not found: a program that', name)
wrong = [name for name, said in GOOD.items() if said]
for name in wrong:
    print('a complaint about a program that %s: %s' % (name, GOOD[name]))
if runner.kinds_of_library() != runner.KINDS:
    sys.exit('failat.c knows other calls')
print('%d of %d found' % (len(found), len(BAD)))
sys.exit(len(found) < len(BAD) or len(wrong) > 0)
