"""One scenario of kill-sweep: what is killed, what comes before and after."""

import hashlib
import os
import random
import re

import rehearsal as r

Check = r.checker()
Trouble = r.Trouble
SOON = '2026-11-23T23:01:00Z'
# After what a list of the provider's needs to settle, and after the grace.
LATER = ['2026-11-23T23:00:30Z', '2026-11-23T23:04:00Z',
         '2026-11-23T23:20:00Z', '2026-11-23T23:50:00Z',
         '2026-11-24T00:50:00Z']
# What the ledger is to show in the end, whatever happened on the way.
TABLES = {
    'message': 'SELECT id, state, reason, attempts FROM message',
    'reminder': 'SELECT id, revision, state, reason, step, next_step, notice '
                'FROM reminder',
    'contact': 'SELECT id, language, tags FROM contact',
    'consent': 'SELECT scope, state, how, count(*) FROM consent '
               'GROUP BY 1, 2, 3',
    'opt-out': 'SELECT contact, scope, how FROM contact_opt_out',
    'flag': 'SELECT kind, reminder, message, resolved_by FROM flag',
    'media': 'SELECT message, position, state FROM inbound_media',
    'conversation': 'SELECT id, status, priority, owner, assignee, tags, '
                    'unread_count, subject IS NULL FROM conversation',
    'address': 'SELECT type, line, verified, dead_reason FROM address',
    'journal': 'SELECT op, count(*) FROM journal GROUP BY op',
}


def text_message(i, **more):
    return dict(r.message('m%d' % i, 'sms', 'sms', r.phone(i),
                          'Hola %d' % i), **more)


def appointment(i, at='2026-11-25T10:00', **more):
    return r.appointment('a%d' % i, at, dict(
        {'id': 'c%d' % i, 'name': 'Ana', 'email': 'a%d@example.org' % i},
        **more))


class Scenario:
    """What is killed, and what comes before and after."""

    args, records, played, more = [], None, False, ''
    ok = (0,)           # statuses of the same command once more
    loose = False       # how often a sender tried depends on where it died
    counts = True       # once more makes no more rows in the journal
    changes = True      # its end is not its beginning, byte for byte
    finish = []         # (AT, PROGRAM...) that come after that

    def __init__(self, work):
        self.sim = r.Simulator(work, '--callback-delay', '0', hooks=True) \
            if self.played else None
        self.site = r.Site(work, self.sim, more=self.more)
        self.acked = os.path.join(work, 'acknowledged')

    def close(self):
        if self.sim:
            self.sim.__exit__()

    def prepare(self):
        self.site.must('omni-ledger', 'init')

    def command(self, *prefix):
        return self.site.run(
            *prefix, *self.args,
            data=r.ndjson(self.records) if self.records else b'')

    def accepted(self, done):
        """Lines for --accepted: what it said that it has taken."""
        return []

    def recover(self, taken):
        again = self.command()
        if again.returncode not in self.ok:
            raise r.Trouble('once more: status %d: %s' % (
                again.returncode, again.stderr.decode()))
        self.sweep()

    def sweep(self):
        for at, *args in self.finish:
            self.site.must(*args, at=at, ok=(0, 1, 75))

    def complaints(self):
        return []

    # One point.

    def digest(self):
        """What is there, but for times and what SQLite has in memory."""
        h = hashlib.sha256()
        for top in [self.site.dir] + ([self.sim.dir] if self.sim else []):
            for folder, dirs, names in os.walk(top):
                dirs.sort()
                h.update(('%s/\n' % folder).encode())
                for name in sorted(names):
                    path = os.path.join(folder, name)
                    h.update(path.encode() + b'\n')
                    if name.endswith('-shm') or name == 'requests.ndjson':
                        continue
                    with open(path, 'rb') as f:
                        h.update(f.read())
        return h.hexdigest()

    def summary(self):
        rows = {name: sorted(map(repr, self.site.sql(text)))
                for name, text in TABLES.items()}
        if not self.counts:
            del rows['journal']
        if self.loose:
            del rows['journal'], rows['flag']
            rows['message'] = sorted(map(repr, self.site.sql(
                'SELECT id, state FROM message')))
        return rows

    def judge(self, taken):
        with open(self.acked, 'wb') as f:
            f.write(r.ndjson(taken))
        for name, value in self.site.env.items():
            if name in r.SECRETS:
                os.environ[name] = value
        yield from Check(self.site.dir, settled=True).run(
            [self.sim.sent] if self.sim else [], [self.acked])
        yield from self.complaints()
        now = self.summary()
        for name, rows in self.expected.items():
            if now[name] != rows:
                yield '%s: %s, and undisturbed %s' % (
                    name, sorted(set(now[name]) - set(rows)),
                    sorted(set(rows) - set(now[name])))

    def undisturbed(self):
        """How many system calls it makes."""
        self.site.reset()
        before = self.digest()
        done = self.command(r.KILLAT, '0')
        if done.returncode not in (0, *self.ok):
            raise r.Trouble('undisturbed: status %d: %s' % (
                done.returncode, done.stderr.decode()))
        if self.changes and self.digest() == before:
            raise r.Trouble('it writes nothing: %s' % done.stderr.decode())
        self.recover(list(self.accepted(done)))
        self.expected = {}
        bad = list(self.judge(list(self.accepted(done))))
        if bad:
            raise r.Trouble('undisturbed: ' + '; '.join(bad))
        self.expected = self.summary()
        return int(re.search(rb'killat: (\d+) calls', done.stderr).group(1))

    def play(self, n):
        """(whether it was killed, state, what is wrong)"""
        self.site.reset()
        done = self.command(r.KILLAT, str(n))
        if done.returncode != r.KILLED:
            return False, None, []
        taken = list(self.accepted(done))
        state = self.digest(), repr(taken)
        if state in self.seen:
            return True, state, []
        try:
            self.recover(taken)
            bad = list(self.judge(taken))
        except r.Trouble as e:
            bad = [str(e)]
        if not bad:
            self.seen.add(state)
        return True, state, [done.stderr.decode().strip() + ': ' + text
                             for text in bad]

    def points(self, calls, options):
        if not options.points:
            # To its end: the number differs a little from run to run.
            return range(1, 2 * calls + 1000, options.step)
        chance = random.Random('%s %s' % (options.seed, type(self).__name__))
        late = calls - calls // 3
        few = max(1, options.points // 4)
        return sorted([chance.randint(1, late) for _ in range(few)] +
                      [chance.randint(late, calls)
                       for _ in range(options.points - few)])

    def run(self, options):
        self.prepare()
        self.site.keep()
        calls = self.undisturbed()
        killed, missed, wrong, self.seen = 0, 0, [], set()
        for n in self.points(calls, options):
            dead, _, bad = self.play(n)
            killed += dead
            wrong += bad
            missed = 0 if dead else missed + 1
            if n > calls and missed == 3:
                break
        return killed, len(self.seen), wrong
