"""What the programs said to others, and whether it was on the disk by then."""

import collections
import json
import os
import re
import sqlite3
import tempfile

import disk

# Below spool/: what decides nothing, or is made anew.
LOOSE = ('outbound', 'run', 'inbound/tmp', 'inbound/refused', 'Maildir/tmp',
         'ledger.db-shm', 'ledger.db.lock', 'ledger.db.seen',
         'ledger.db.seen.tmp', 'search.db.lock')


class Process:
    def __init__(self, event):
        argv = event.one.split(b'\0')
        self.label, self.argv = event.two.decode(), argv
        self.name = os.path.basename(argv[0]).decode()
        self.said = b''
        self.dirty, self.made = set(), []   # files; changes of directories
        self.rows = None        # of the journal, when it started


class Processes:
    """Those of a log, by their numbers."""

    def __init__(self):
        self.alive = {}

    def hear(self, e):
        if e.kind == disk.START:
            self.alive[e.pid] = Process(e)
        return self.alive.get(e.pid)


class Acknowledged:
    """What was acknowledged so far, as tests/invariants reads it."""

    def __init__(self, recording):
        self.steps = recording.by_label
        self.processes = Processes()
        self.lines = []
        self.forgotten = []     # what is to be nowhere any more

    def hear(self, e):
        """What is new with this event."""
        process = self.processes.hear(e)
        step = process and self.steps.get(process.label)
        if not step or process.name != step.argv[0]:
            return []           # a helper of it
        kind = step.label.split(':')[0]
        new = []
        if kind == 'cgi' and e.kind == disk.OUT and \
                e.one.startswith(b'Status: 2'):
            new = [hook(step, step.env['PATH_INFO'][1:])]
        elif kind == 'mail' and e.kind == disk.EXIT and e.number == 0:
            new = [hook(step, 'mail')]
        elif forgets(process) and e.kind == disk.EXIT and e.number == 0:
            self.forgotten = step.forgotten
        elif e.kind == disk.OUT and kind in SAYS:
            process.said += e.one
            *whole, process.said = process.said.split(b'\n')
            new = [line for line in map(SAYS[kind], map(json.loads, whole))
                   if line]
        self.lines += new
        return new


def plain(path):
    return os.path.normpath(os.fsdecode(path))


def forgets(process):
    return process.name == 'omni-contact' and b'forget' in process.argv


def hook(step, name):
    line = {'hook': name, 'body': step.data.decode(), 'received': step.at,
            'query': step.env.get('QUERY_STRING', '')}
    if step.find:
        line['find'] = step.find
    return line


def queued(record):
    return {'id': record['id']} if 'queue' in record else None


def scheduled(record):
    return {'reminder': record['id']} if 'at' in record else None


SAYS = {'queue': queued, 'schedule': scheduled,
        'contact': lambda r: {'contact': r['id']},
        'set': lambda r: {'hook': 'set', 'body': '', 'find': 'Persona Cero'}}


class Look:
    """Follows the log, and looks at what leaves each process."""

    def __init__(self, recording):
        self.recording = recording
        self.site, self.sim = recording.new_disks()
        self.processes = Processes()
        self.told = Acknowledged(recording)
        self.owners = {}            # handle -> path
        self.asked = collections.Counter()
        self.whom = recipients(recording.site)
        self.streams = collections.defaultdict(bytes)
        self.checked = self.bad = 0

    def complain(self, process, e, text):
        self.bad += 1
        print('at %d, %s (%s): %s' % (e.seq, process.label, process.name,
                                      text))

    def kept(self, path):
        """The path below spool/, if it is of what must stay."""
        path = plain(path)
        base = self.recording.site + '/spool'
        if path != base and not path.startswith(base + '/'):
            return None
        path = path[len(base) + 1:]
        return None if any(path == p or path.startswith(p + '/')
                           for p in LOOSE) else path

    def follow(self, process, e, changes):
        """What this process did that is not synced yet."""
        if e.kind == disk.OPEN:
            self.owners[e.handle] = e.one
        elif e.kind == disk.WRITE and e.handle in self.owners:
            process.dirty.add(plain(self.owners[e.handle]))
        elif e.kind in (disk.RENAME, disk.LINK) and \
                plain(e.one) in process.dirty:
            process.dirty.add(plain(e.two))
        if e.kind == disk.RMDIR or (e.kind == disk.UNLINK and not (
                e.one.endswith(b'-journal') or forgets(process))):
            return              # done once more, nothing is lost
        if e.kind == disk.RENAME and self.kept(e.one) and \
                os.path.basename(e.one) == os.path.basename(e.two):
            return              # where it was, it is found again
        path = e.two or e.one
        if self.kept(path) is not None or (e.kind == disk.UNLINK and
                                           b'/outbound/' in path):
            process.made += [(change, path) for change in changes]

    def unsynced(self, process):
        """What would be gone now."""
        process.dirty = {p for p in process.dirty if self.site.unsynced(
            p, forgets(process))}
        process.made = [(c, p) for c, p in process.made if not c.synced]
        for path in process.dirty:
            if self.kept(path):
                yield '%s is not synced' % self.kept(path)
        for change, path in process.made:
            there = self.site.find(plain(path))
            if (there is None) == (change.steps[-1][2] is None):
                yield 'the name of %s is not synced' % os.path.basename(
                    os.fsdecode(path))

    def look(self, e):
        process = self.processes.hear(e)
        new = self.told.hear(e)
        if process and e.kind in (disk.OUT, disk.EXIT) and \
                process.name.startswith('omni-') and \
                process.name != 'omni-simulator':
            self.checked += 1
            for text in self.unsynced(process):
                self.complain(process, e, text)
        if process and process.name == 'omni-ingest':
            self.removal(process, e)
        for line in new:
            self.is_there(process, e, line)
        if process and e.kind == disk.NET:
            self.request(process, e)
        before = len(self.site.changes)
        self.site.apply(e)
        if process:
            self.follow(process, e, self.site.changes[before:])

    def is_there(self, process, e, line):
        """The thing itself, in what is left if the power goes now."""
        self.checked += 1
        if line.get('hook') in ('set', None):
            with Ledger(self.site) as db:
                found = db and db.execute(
                    'SELECT 1 FROM message WHERE id = ?1 UNION ALL SELECT 1 '
                    'FROM reminder WHERE id = ?1 UNION ALL SELECT 1 FROM '
                    'contact WHERE id = ?1 UNION ALL SELECT 1 FROM content '
                    'WHERE instr(body, ?2)', (
                        line.get('id') or line.get('reminder') or
                        line.get('contact'), line.get('find'))).fetchone()
        else:
            found = any(path.startswith('spool/inbound/new/') and
                        content.endswith(('\n\n' + line['body']).encode())
                        for path, content in self.site.files_after(
                            None, 'none').items() if content)
        if not found:
            self.complain(process, e, 'acknowledged, and not on the disk: %s' %
                          json.dumps(line))

    def rows(self):
        with Ledger(self.site) as db:
            return db.execute('SELECT count(*) FROM journal').fetchone()[0] \
                if db else 0

    def removal(self, process, e):
        """The drain takes a file out of new/: its rows are on the disk."""
        if e.kind == disk.START and process.label.startswith('drain'):
            process.rows = self.rows()
        elif e.kind in (disk.UNLINK, disk.RENAME) and process.rows is not \
                None and b'/inbound/new/' in e.one and \
                b'/inbound/bad/' not in e.two:
            self.checked += 1
            if self.rows() == process.rows:
                self.complain(process, e, 'removes %s, and nothing of it is '
                              'on the disk' % self.kept(e.one))

    def request(self, process, e):
        """What goes to a provider: its attempt must be on the disk."""
        if not process.name.startswith('omni-send-') or \
                e.one.startswith(b'GET '):
            return
        stream = (e.pid, e.handle)
        text = self.streams[stream] + e.one
        for to, messages in self.whom.items():
            times = len(re.findall(to, text))
            if times == 0:
                continue
            text = re.sub(to, b'', text)
            self.checked += 1
            self.asked[to] += times
            with Ledger(self.site) as db:
                known = db.execute(
                    'SELECT count(*) FROM attempt WHERE message IN (%s)' %
                    ','.join('?' * len(messages)), messages).fetchone()[0] \
                    if db else 0
            if known < self.asked[to]:
                self.complain(process, e, '%s is asked to send to %s, and '
                              '%d of %d attempts are on the disk' % (
                                  process.name, to.decode(), known,
                                  self.asked[to]))
        self.streams[stream] = text[-200:]


def recipients(site):
    """How requests name those that are written to: {pattern: messages}."""
    db = sqlite3.connect('file:%s/spool/ledger.db?mode=ro' % site, uri=True)
    result = collections.defaultdict(list)
    for name, to in db.execute(
            'SELECT m.id, c.body FROM message m JOIN content c ON c.key = '
            "m.address WHERE m.direction = 'outbound' AND c.body IS NOT NULL"):
        to = to.lstrip('+').encode()
        result[rb'(?:\bTo=%%2B|"to":"\+?|"topic":"|RCPT TO:<)%s\b' %
               re.escape(to)].append(name)
    db.close()
    return dict(result)


class Ledger:
    """The ledger that is left; None where there is none, or no table."""

    def __init__(self, site):
        self.site = site

    def __enter__(self):
        self.place = tempfile.TemporaryDirectory(prefix='omni-power.')
        path = self.place.name + '/ledger.db'
        files = self.site.files_after(None, 'none')
        self.db = None
        for end in ('', '-wal', '-journal'):
            content = files.get('spool/ledger.db' + end)
            if content is not None:
                with open(path + end, 'wb') as f:
                    f.write(content)
        if os.path.exists(path):
            self.db = sqlite3.connect(path)
            if not self.db.execute("SELECT 1 FROM sqlite_schema WHERE name = "
                                   "'journal'").fetchone():
                self.db.close()
                self.db = None
        return self.db

    def __exit__(self, *_):
        if self.db:
            self.db.close()
        self.place.cleanup()


def check(recording):
    """How many answers were looked at, and how many were too early."""
    look = Look(recording)
    for e in recording.events:
        look.look(e)
    if not look.asked or not look.told.lines:
        print('the recorder saw no %s' % ('answer' if look.asked else
                                          'request'))
        look.bad += 1
    return look.checked, look.bad
