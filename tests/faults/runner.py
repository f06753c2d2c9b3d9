"""Runs a case with a fault, and says which rules of fault-sweep it breaks."""

import glob
import hashlib
import json
import mmap
import os
import re
import select
import shutil
import signal
import sqlite3
import struct
import subprocess
import time
import urllib.request

import cases

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
LIBRARY = ROOT + '/build/tests/fake/failat.so'
INVARIANTS = ROOT + '/tests/invariants'
os.environ['PATH'] = ROOT + '/bin:' + os.environ['PATH']
LIMIT = 40      # SQLite tries for ten seconds to lock a file, and may twice
# As in failat.c.
KINDS = ('write sync open close rename link unlink mkdir stat truncate read '
         'readdir mmap lock pipe spawn thread wait poll socket connect send '
         'recv random malloc').split()
RECORD = 8 * (len(KINDS) + 1)


def kinds_of_library():
    with open(ROOT + '/tests/fake/preload/failat.c') as f:
        text = re.search(r'kinds\[\] = \{(.*?)\}', f.read(), re.S).group(1)
    return re.findall(r'"(\w+)"', text)


class Simulator:
    """The other side, for those who speak to one."""

    def __init__(self, directory):
        os.makedirs(directory)
        self.directory = directory
        env = {k: v for k, v in os.environ.items() if k != 'OMNI_NOW'}
        self.process = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'TERM',
             ROOT + '/bin/omni-simulator', '-d', directory,
             '--callbacks', 'off'],
            stdout=subprocess.PIPE, text=True, env=env)
        ready = json.loads(self.process.stdout.readline())
        self.http, self.smtp = ready['http'], ready['smtp']

    def reset(self):
        urllib.request.urlopen(urllib.request.Request(
            self.http + '/_control', method='DELETE')).read()
        for name in 'accepted', 'requests':
            open('%s/%s.ndjson' % (self.directory, name), 'w').close()

    def accepted(self):
        with open(self.directory + '/accepted.ndjson') as f:
            return [m['to'] for m in map(json.loads, f)
                    if m.get('kind', 'message') in (
                        'message', 'call', 'mail')]

    def asked(self):
        """How often a model was."""
        with open(self.directory + '/requests.ndjson') as f:
            return f.read().count('"provider":"llm"')

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class Result:
    def __init__(self, status, out, err, hits, seconds):
        self.status, self.out, self.err = status, out, err
        self.hits, self.seconds = hits, seconds

    def first_words(self):
        lines = self.err.decode('utf-8', 'replace').splitlines()
        return re.sub(r'/dev/shm/\S*?/site|/tmp/\S*?/site', 'SITE',
                      lines[-1])[:160] if lines else 'nothing'


class Runner:
    """One worker: a site of its own, and what an undisturbed run does."""

    def __init__(self, work, name, verbose=False, trace=False):
        self.work = os.path.join(work, name)
        self.fresh = os.path.join(work, 'fresh')
        self.own, self.site = self.work + '/fresh', self.work + '/site'
        os.makedirs(self.work)
        self.verbose, self.trace = verbose, trace
        self.simulator = None
        self.laid_out = self.case = None
        self.known, self.good = {}, {}
        with open(self.work + '/record', 'wb') as f:
            f.write(bytes(RECORD))
        with open(self.work + '/record', 'r+b') as f:
            self.record = mmap.mmap(f.fileno(), RECORD)

    def close(self):
        if self.simulator is not None:
            self.simulator.stop()

    # ----------------------------------------------------------- the site

    def files(self):
        """What tells whether anything was written."""
        seen = {}
        for top, _, names in os.walk(self.site):
            seen[top] = None
            for name in names:
                if not name.endswith('-shm'):
                    st = os.lstat(top + '/' + name)
                    seen[top + '/' + name] = st.st_size, st.st_mtime_ns
        return seen

    def reset(self, case):
        self.shown = None
        if self.case is case and self.files() == self.laid_out:
            return
        if case.server and self.simulator is None:
            self.simulator = Simulator(self.work + '/simulator')
        fresh = '%s/%s' % (self.own if case.fixture in cases.OWN else
                           self.fresh, case.fixture)
        if not os.path.exists(fresh):
            self.build(case.fixture, fresh)
        shutil.rmtree(self.site, ignore_errors=True)
        subprocess.run(['cp', '-a', fresh, self.site], check=True)
        self.case, self.laid_out = case, self.files()
        if case.server:
            self.simulator.reset()

    def build(self, fixture, fresh):
        """A fresh site, made by the programs themselves."""
        shutil.rmtree(self.site, ignore_errors=True)
        cases.lay_out(fixture, self)
        os.makedirs(os.path.dirname(fresh), exist_ok=True)
        os.rename(self.site, fresh)

    # ----------------------------------------------------------- one run

    def environment(self, extra):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith(('OMNI_', 'FAILAT_', 'LD_'))}
        env.update(cases.ENVIRONMENT,
                   OMNI_CONF=self.site + '/etc/omni.conf')
        env.update(extra)
        return env

    def run(self, argv, data=b'', env=None, fault=None):
        words = [self.filled_in(w) if '{' in w else w for w in argv]
        env = self.environment(env or {})
        if fault is not None:
            self.record[:] = bytes(RECORD)
            env.update(fault, FAILAT_RECORD=self.work + '/record',
                       LD_PRELOAD=LIBRARY)
        with open(self.work + '/in', 'wb') as f:
            f.write(data)
        out, err = self.work + '/out', self.work + '/err'
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        begin = time.monotonic()
        pid = os.posix_spawnp(words[0], words, env, file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, self.work + '/in', os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, out, flags, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, err, flags, 0o600)],
            setsigdef=[signal.SIGPIPE])
        status = self.wait(pid)
        with open(out, 'rb') as o, open(err, 'rb') as e:
            return Result(status, o.read(), e.read(), self.hits(),
                          time.monotonic() - begin)

    def filled_in(self, word):
        """With what each worker, or each site, has its own."""
        if word == '{flag}':
            db = sqlite3.connect('file:%s/spool/ledger.db?mode=ro' %
                                 self.site, uri=True)
            word = str(db.execute('SELECT min(id) FROM flag').fetchone()[0])
            db.close()
        if self.simulator is not None:
            word = word.replace('{http}', self.simulator.http).replace(
                '{smtp}', self.simulator.smtp.rsplit(':', 1)[1])
        return word.replace('{site}', self.site)

    def hits(self):
        return struct.unpack_from('Q', self.record, 8 * len(KINDS))[0]

    def wait(self, pid):
        """Its status as a shell has it; None when it had to be killed."""
        over = os.pidfd_open(pid)
        try:
            in_time = select.select([over], [], [], LIMIT)[0]
            if not in_time:
                os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
        finally:
            os.close(over)
        if not in_time:
            return None
        if os.WIFSIGNALED(status):
            return 128 + os.WTERMSIG(status)
        return os.WEXITSTATUS(status)

    def play_case(self, case, fault=None):
        run = self.run(case.argv, self.data_of(case), case.env, fault)
        if case.onward:
            self.run(case.onward, run.out)
        return run

    def data_of(self, case):
        """Its input, which may have to come through other programs."""
        if callable(case.data):
            case.data, env = case.data(self)
            case.env.update(env)
        for stage in case.through:
            case.data = self.run([stage], case.data).out
        case.through = ()
        return case.data

    # ----------------------------------------------------------- the state

    def rows(self, query):
        try:
            return self.db.execute(query).fetchall()
        except sqlite3.Error as e:
            # Of a whole ledger each question has an answer.
            if self.case.name not in self.known:
                raise
            return [str(e)]

    def sent(self):
        """How often each address was written to, wherever it went."""
        times = {}
        for path in glob.glob(self.site + '/spool/console*.txt'):
            with open(path, encoding='utf-8', errors='replace') as f:
                for line in f:
                    m = re.match(r'\w+ to \S+ \((\S+), attempt', line)
                    if m:
                        times[m[1]] = times.get(m[1], 0) + 1
        for name in glob.glob(self.site + '/spool/Maildir/new/*'):
            with open(name, 'rb') as f:
                m = re.search(rb'^Message-ID: (\S+)', f.read(), re.M)
            name = m[1].decode() if m else name
            times[name] = times.get(name, 0) + 1
        if self.case.server:
            for to in self.simulator.accepted():
                times[to] = times.get(to, 0) + 1
        return times

    def unwritten(self):
        """Questions to a model that were not written down before."""
        if not self.case.server:
            return 0
        rows = self.rows('SELECT count(*) FROM assist')[0][0]
        return max(0, self.simulator.asked() - rows)

    def state(self):
        """What must be the same in the end, whatever failed on the way."""
        path = self.site + '/spool/ledger.db'
        found = {'spool': sorted(
            '%s/%s' % (os.path.basename(os.path.dirname(p)),
                       hashlib.sha1(open(p, 'rb').read()).hexdigest())
            for d in ('new', 'cur', 'bad')
            for p in glob.glob('%s/spool/inbound/%s/**' % (self.site, d),
                               recursive=True) if os.path.isfile(p))}
        found['strays'] = sorted(
            p[len(self.site):] for p in
            glob.glob(self.site + '/**/*', recursive=True)
            if re.search(r'\.tmp$|\.omni\.', p))
        if os.path.exists(path):
            self.db = sqlite3.connect('file:%s?mode=ro' % path, uri=True)
            for name, query in cases.STATE.items():
                found[name] = self.rows(query)
            found['unwritten'] = self.unwritten()
            self.db.close()
        found['sent'] = self.sent()
        found['others'] = sorted(os.listdir(self.site))
        found['shown'] = self.shown
        return found

    # ----------------------------------------------------------- the rules

    def undisturbed(self, case):
        """What a run does without a fault, and how all ends."""
        if case.name in self.known:
            return self.known[case.name]
        seen = []
        for _ in range(2):
            self.reset(case)
            run = self.play_case(case, {'FAILAT_PROGRAM': case.program})
            if run.status != case.status:
                raise Exception('%s: status %s: %s' % (
                    case.name, run.status, run.err.decode()))
            counts = dict(zip(KINDS, struct.unpack_from(
                '%dQ' % len(KINDS), self.record)))
            seen.append((run, self.state(), counts))
        self.recover(case)
        run, state, counts = seen[1]
        # What is chosen by chance cannot be compared.
        self.known[case.name] = {
            'out': run.out, 'fixed': run.out == seen[0][0].out,
            'err': run.err, 'state': state, 'counts': counts,
            'end': self.state()}
        return self.known[case.name]

    def recover(self, case, again=False):
        """The same once more if it failed, and ordinary runs."""
        bad = []
        if again:
            run = self.play_case(case)
            if run.status not in case.again:
                bad.append('status %s when run again: %s' % (
                    run.status, run.first_words()))
        for argv, env in case.recover:
            run = self.run(argv, env=env)
            if run.status not in (0, 1, 75):
                bad.append('%s: status %s in recovery: %s' % (
                    argv[0], run.status, run.first_words()))
        if case.shows:
            run = self.run(case.shows)
            self.shown = run.status, run.out
        return bad

    def is_well(self, case, known, run):
        """Whether it said that all is well, and why that is not so."""
        if run.status != case.status or (
                case.cgi and not run.out.startswith(case.cgi)) or any(
                text in run.out for text in case.refusals):
            return False, []
        # What a sender could not send now is said, and in the ledger.
        if known['fixed'] and not case.same(run.out, known['out']) and not (
                case.sends and run.err):
            return True, ['says that all is well, and its output differs; '
                          + run.first_words()]
        return True, []

    def is_cut(self, known, run):
        """A page shorter than it says: who reads it is told by that."""
        length = re.search(rb'\r\nContent-Length: (\d+)\r\n', run.out)
        body = run.out.partition(b'\r\n\r\n')[2]
        return known['out'].startswith(run.out) and length is not None and \
            len(body) < int(length[1])

    def judge(self, case, known, run, fault):
        """Rules 1 to 3."""
        if run.status is None:
            return True, ['no end in %d s' % LIMIT]
        # Without any memory left GLib cannot even say so, and recurses; its
        # slices say so, and abort.
        if case.glib and fault['FAILAT_CALL'] == 'malloc' and \
                ((fault['FAILAT_TIMES'] == '0' and run.status == 139) or
                 (run.status == 134 and b'GSlice: failed' in
                  run.err)):
            return False, []
        if run.status > 128 and run.status not in case.allowed:
            return False, ['killed by signal %d (%s)' % (
                run.status - 128, run.first_words())]
        well, bad = self.is_well(case, known, run)
        if well:
            return True, bad
        if not run.err.strip() and not (case.prints and
                                        run.out != known['out']):
            bad.append('status %d, and nothing on standard error' % run.status)
        if case.cgi and self.is_cut(known, run):
            return False, bad
        if case.cgi and run.out and not run.out.startswith(b'Status: 50'):
            bad.append('answers %s (%s)' % (
                run.out.split(b'\r')[0].decode(), run.first_words()))
        if case.cgi and run.out:
            return False, bad
        # SQLite takes a disk that cannot be read for a damaged ledger.
        if run.status not in case.allowed and not (
                run.status == 65 and re.search(
                    rb'is malformed|unable to open|disk I/O', run.err) and
                fault['FAILAT_CALL'] == 'read'):
            bad.append('status %d (%s)' % (run.status, run.first_words()))
        return False, bad

    def complaints(self, case, fault):
        self.reset(case)
        known = self.undisturbed(case)
        self.reset(case)
        fault = dict(fault, FAILAT_PROGRAM=case.program)
        if self.trace:
            fault['FAILAT_TRACE'] = self.work + '/trace'
        run = self.play_case(case, fault)
        if self.verbose:
            self.show(run)
        if run.hits == 0:
            return None
        well, bad = self.judge(case, known, run, fault)
        if not well and self.files() == self.laid_out and not (
                case.server and self.simulator.asked()):
            return bad
        return bad + self.aftermath(case, known, run, well)

    def aftermath(self, case, known, run, well):
        """Rule 4."""
        now = self.state()
        # With success all is as it is without a fault, and needs no more.
        if well and now == known['state']:
            return []
        # What could not be sent now is said, and in the ledger.
        if well and run.status is not None and not (case.sends and run.err):
            different = self.difference(now, known['state'])
            if different:
                return ['says that all is well, and %s' % different]
        key = case.name, well, repr(now)
        if key not in self.good:
            bad = self.recover(case, not well)
            different = self.difference(self.state(), known['end'])
            if different:
                bad.append('in the end %s' % different)
            self.good[key] = bad + self.invariants()
        return ['%s (%s)' % (b, run.first_words()) for b in self.good[key]]

    def difference(self, now, then):
        for name, value in then.items():
            if name in ('sent', 'unknown'):
                continue
            if now.get(name) != value:
                return '%s is %.200s, not %.200s' % (
                    name, now.get(name), value)
        again = dict(now.get('unknown', []))
        for to, times in then['sent'].items():
            have = now['sent'].get(to, 0)
            # An attempt in doubt may be sent again, and is recorded so.
            if have < times or have > times + max(
                    list(again.values()) or [0]):
                return '%s was written to %d times, not %d' % (
                    to, have, times)
        return None

    def invariants(self):
        if not os.path.exists(INVARIANTS) or not os.path.exists(
                self.site + '/spool/ledger.db'):
            return []
        done = subprocess.run([INVARIANTS, self.site], capture_output=True,
                              env=self.environment({}))
        if done.returncode == 0:
            return []
        return (done.stdout + done.stderr).decode().splitlines()[:3]

    def show(self, run):
        print('status %s, %d faults, %.2f s' % (
            run.status, run.hits, run.seconds))
        print(run.err.decode('utf-8', 'replace'), end='')
        if self.trace and os.path.exists(self.work + '/trace'):
            with open(self.work + '/trace') as f:
                print(f.read(), end='')
            os.unlink(self.work + '/trace')


def fault_of(call, error, n):
    return {'FAILAT_CALL': call, 'FAILAT_ERROR': error.rstrip('*'),
            'FAILAT_TIMES': '0' if error.endswith('*') else '1',
            'FAILAT_N': str(n)}
