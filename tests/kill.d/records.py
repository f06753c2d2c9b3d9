"""omni-schedule, omni-contact and omni-ledger."""

import os

import rehearsal as r
from scenario import SOON, Scenario, appointment, text_message
from sending import Queued


class Schedule(Scenario):
    program = 'omni-schedule'
    args = ['omni-schedule', '-q']
    records = [appointment(i, phone='55 1234 56%02d' % i, opt_out=['email'])
               for i in range(10, 16)]
    ok = (0, 1)

    def prepare(self):
        super().prepare()
        # One is there and moves, one is cancelled.
        self.site.records('omni-schedule', [
            appointment(10, at='2026-11-26T11:00'), appointment(20)], '-q')
        self.records = self.records + [dict(appointment(20),
                                            status='cancelled')]


class ScheduleFull(Scenario):
    """What is missing is cancelled, and who was told of one hears of it."""

    program = 'omni-schedule'
    args = ['omni-schedule', '-q', '--full', '-o', 'schedule.max_cancel=50']
    finish = [(SOON, 'omni-run'), ('2026-11-24T16:00:00Z', 'omni-run')]

    def prepare(self):
        super().prepare()
        near = appointment(9, at='2026-11-24T12:00')
        some = [appointment(i) for i in range(8)]
        self.site.records('omni-schedule', some + [near], '-q')
        self.site.must('omni-run')
        self.records = some[:6] + [{'end': True, 'count': 6}]


# ----------------------------------------------------------- omni-contact

PEOPLE = [{'id': 'z', 'name': 'Zenobia Paz', 'email': 'zenobia@example.org',
           'phone': '55 1234 9999', 'opt_out': ['sms']},
          {'id': 'y', 'name': 'Yago Paz', 'email': 'yago@example.org',
           'preferences': {'topics': {'marketing': False}}},
          {'id': 'x', 'name': 'Ximena', 'phone': '55 1234 9998',
           'language': 'en', 'tags': ['vip']}]


class ContactImport(Scenario):
    program = 'omni-contact'
    args = ['omni-contact', 'import', '-q']
    records = PEOPLE + [{'id': 'c%d' % i, 'name': 'Ana',
                         'email': 'c%d@example.org' % i,
                         'opt_out': ['email']} for i in range(6)]


class Contact(Scenario):
    """A site with three people, and a message for the first."""

    program = 'omni-contact'
    ok = (0, 1)
    finish = [(SOON, 'omni-send-sms', '-q')]

    def prepare(self):
        super().prepare()
        self.site.records('omni-contact', PEOPLE, 'import', '-q')
        self.site.records('omni-queue', [text_message(
            1, contact={'id': 'x'}, to='+525512349998')], '-q')


class ContactSet(Contact):
    args = ['omni-contact', 'set', '-q', 'x', 'language=es',
            'email=x@example.org']


class ContactVerify(Contact):
    args = ['omni-contact', 'verify', '-q', 'x', 'sms']


class ContactMerge(Contact):
    args = ['omni-contact', 'merge', '-q', 'z', 'x']


class ContactForget(Contact):
    args = ['omni-contact', 'forget', '-q', 'x', 'z']

    def complaints(self):
        for name in os.listdir(self.site.spool):
            path = os.path.join(self.site.spool, name)
            if not name.startswith('ledger.db') or os.path.isdir(path):
                continue
            with open(path, 'rb') as f:
                text = f.read()
            for word in (b'Zenobia', b'zenobia@', b'Ximena', b'5512349998'):
                if word in text:
                    yield '%s: %s is still there' % (name, word.decode())


class ContactOptOut(Contact):
    args = ['omni-contact', 'opt-out', '-q', '--by', 'eva', '--how',
            'by telephone', 'x']


class ContactOptIn(Contact):
    args = ['omni-contact', 'opt-in', '-q', '--scope', 'marketing', '--by',
            'eva', '--how', 'on paper', 'y']


class ContactLookup(Contact):
    played = True
    args = ['omni-contact', 'lookup', '-q', 'x', 'z']
    finish = []

    def prepare(self):
        Scenario.prepare(self)
        self.site.records('omni-contact', PEOPLE, 'import', '-q')


# ------------------------------------------------------------ omni-ledger

class LedgerInit(Scenario):
    program = 'omni-ledger'
    args = ['omni-ledger', 'init']

    def prepare(self):
        pass


class LedgerRebuild(Queued):
    program = 'omni-ledger'
    args = ['omni-ledger', 'rebuild', '-q']
    changes = False


class LedgerConfirm(Queued):
    program = 'omni-ledger'
    args = ['omni-ledger', 'confirm']
    counts = False      # who confirms twice has said so twice


class LedgerResolve(Scenario):
    program = 'omni-ledger'
    ok = (0, 1)

    def prepare(self):
        super().prepare()
        self.site.records('omni-schedule', [appointment(
            1, at='2026-11-24T12:00', phone='55 1234 5671')], '-q')
        self.site.must('omni-run', ok=(0, 1))
        self.site.spool_file('1', 'confirm', b'answer=call_back', query='t=' +
                             r.link_token('c', 'a1.r1/1'))
        self.site.must('omni-ingest', '-q')
        flags = [str(id) for id, in self.site.sql('SELECT id FROM flag')]
        if not flags:
            raise r.Trouble('there is no flag to resolve')
        self.args = ['omni-ledger', 'resolve'] + flags


class LedgerExport(Queued):
    program = 'omni-ledger'
    args = ['omni-ledger', 'export']

    def complaints(self):
        folder = self.site.spool + '/journal'
        rows = 0
        for name in os.listdir(folder):
            if name.endswith('.ndjson'):
                with open(os.path.join(folder, name)) as f:
                    rows += len(f.readlines())
        if rows < self.site.sql("SELECT count(*) FROM journal WHERE op = "
                                "'message.queued'")[0][0]:
            yield 'the export has %d rows' % rows


class LedgerBackup(Queued):
    program = 'omni-ledger'
    ok = (0, 64)        # one that is whole is never written over

    def prepare(self):
        super().prepare()
        self.args = ['omni-ledger', 'backup', self.site.dir + '/backup.db']

    def complaints(self):
        done = self.site.run('sqlite3', self.args[-1],
                             'PRAGMA integrity_check')
        if done.stdout != b'ok\n':
            yield 'the backup is none: %s' % done


ALL = [Schedule, ScheduleFull, ContactImport, ContactSet, ContactVerify,
       ContactMerge, ContactForget, ContactOptOut, ContactOptIn,
       ContactLookup, LedgerInit, LedgerRebuild, LedgerConfirm,
       LedgerResolve, LedgerExport, LedgerBackup]
