"""omni-queue, and the senders."""

import collections
import json

import rehearsal as r
from scenario import LATER, SOON, Scenario, text_message


class Queue(Scenario):
    program = 'omni-queue'
    args = ['omni-queue']
    records = [text_message(i) for i in range(5)] + [
        text_message(i, channel='email', account='email', subject='Hola',
                     to='m%d@example.org' % i) for i in (5, 6)] + [
        {'id': 'later', **{k: v for k, v in text_message(7).items()
                           if k != 'id'},
         'not_before': '2026-11-23T23:00:30Z'},
        {'id': 'refused', 'channel': 'sms'}]
    ok = (1,)
    finish = [(SOON, 'omni-send-sms', '-q'), (SOON, 'omni-send-mail', '-q')]

    def accepted(self, done):
        # A line that was cut off is none.
        for line in done.stdout.split(b'\n')[:-1]:
            yield json.loads(line)


class Queued(Scenario):
    """A site with four messages that are queued, and one that is held."""

    program = 'omni-queue'
    ok = (0, 1)
    finish = [(SOON, 'omni-send-sms', '-q')]

    def prepare(self):
        super().prepare()
        self.site.records('omni-queue', [text_message(i) for i in range(4)],
                          '-q')
        self.site.records('omni-queue', [text_message(4)], '-q', '--hold',
                          'x')


class QueueHold(Queued):
    args = ['omni-queue', 'hold', 'm0', 'm1']


class QueueRelease(Queued):
    args = ['omni-queue', 'release', 'm4']


class QueueCancel(Queued):
    args = ['omni-queue', 'cancel', 'm2', 'm4']


# ---------------------------------------------------------------- senders

class Send(Scenario):
    """Three messages, by a provider that is played."""

    played, loose, ok = True, True, (0, 75)
    account = kind = None
    more = '[test]\n'

    def to(self, i):
        return r.phone(i)

    def message(self, i):
        return text_message(
            i, channel=self.kind or self.account, account=self.account,
            to=self.to(i), subject='Su cita', whatsapp=r.TEMPLATE)

    def prepare(self):
        super().prepare()
        self.args = [self.program, '-q']
        self.site.records('omni-queue', [self.message(i) for i in range(3)],
                          '-q')

    def recover(self, taken):
        for at in LATER[:-1]:
            self.once_more(at)
            if not self.site.sql("SELECT 1 FROM message WHERE state <> "
                                 "'sent' LIMIT 1"):
                break
        # And nothing more comes of it.
        self.once_more(LATER[-1])

    def once_more(self, at):
        self.site.must(*self.args, at=at, ok=self.ok)

    def unknown(self):
        return self.site.sql("SELECT message FROM attempt WHERE "
                             "outcome = 'unknown'")

    def twice(self):
        times = collections.Counter(m['to'] for m in self.sim.accepted())
        return ['%s got it %d times' % (to, n) for to, n in times.items()
                if n > 1]


class Listed(Send):
    """The provider can be asked for a list: never twice."""

    def complaints(self):
        yield from self.twice()
        for id, in self.unknown():
            yield '%s was sent again in doubt' % id


class Blind(Send):
    """Nothing tells: twice only under one name, so that it can be told."""

    def complaints(self):
        names = collections.defaultdict(set)
        for m in self.sim.accepted():
            names[m['to']].add(m['reference'])
        for to, some in names.items():
            if len(some) > 1:
                yield '%s got it by several names: %s' % (to, some)


class SendSms(Listed):
    program, account = 'omni-send-sms', 'sms'


class SendVoice(Listed):
    program, account = 'omni-send-voice', 'voice'


class SendWhatsapp(Send):
    """Its webhooks tell, and they come in the grace: never twice."""

    program, account = 'omni-send-wa', 'whatsapp'

    def once_more(self, at):
        self.site.webhooks(at)
        self.site.must('omni-ingest', '-q', at=at)
        super().once_more(at)

    def complaints(self):
        return self.twice()


class SendMail(Blind):
    program, account, kind = 'omni-send-mail', 'email', 'email'

    def to(self, i):
        return 'm%d@example.org' % i


class SendSes(SendMail):
    account = 'ses'
    complaints = Scenario.complaints


class SendPush(Blind):
    program, account = 'omni-send-push', 'push'

    def to(self, i):
        return json.dumps({
            'endpoint': '%s/push/device-%d' % (self.sim.http, i),
            'keys': {'p256dh': r.POINT, 'auth': 'AAECAwQFBgcICQoLDA0ODw'}})


class SendNtfy(Listed):
    program, account, kind = 'omni-send-push', 'ntfy', 'push'

    def to(self, i):
        return 'topic-%d' % i


class SendMaildir(SendMail):
    """The file itself is the evidence: never twice, never in doubt."""

    played = False

    def complaints(self):
        for id, in self.unknown():
            yield '%s was sent again in doubt' % id


ALL = [Queue, QueueHold, QueueRelease, QueueCancel, SendSms, SendVoice,
       SendWhatsapp, SendMail, SendSes, SendMaildir, SendPush, SendNtfy]
