"""omni-ingest in its three modes."""

import os
from urllib.parse import urlencode

import rehearsal as r
from scenario import SOON, Scenario, appointment


class Cgi(Scenario):
    """A webhook: what is acknowledged is kept; else it comes once more."""

    program = 'omni-ingest --cgi'
    settle = 'omni-ingest', '-q'

    def request(self):
        raise NotImplementedError

    def prepare(self):
        super().prepare()
        self.asked = self.request()
        self.site.spool_file('0', 'twilio/status', b'MessageSid=SM%032d'
                             b'&MessageStatus=sent' % 9)
        self.site.must(*self.settle)

    def command(self, *prefix):
        return self.site.cgi(*self.asked, prefix=prefix)

    def accepted(self, done):
        path, query, body, _ = self.asked
        if done.stdout.startswith(b'Status: 2'):
            yield {'hook': path[1:], 'body': body.decode(), 'query': query,
                   'received': self.site.now}

    def recover(self, taken):
        if not taken:
            super().recover(taken)
        self.site.must(*self.settle)
        self.sweep()


class CgiSms(Cgi):
    def request(self):
        return r.twilio('/twilio/sms', MessageSid='SM%032d' % 1,
                        From='+525512345671', To='+525587654321',
                        NumMedia='0', Body='Hola')


class CgiStatus(Cgi):
    def request(self):
        return r.twilio('/twilio/status', 'ref=m1.1',
                        MessageSid='SM%032d' % 1, MessageStatus='delivered')


class CgiWhatsapp(Cgi):
    def request(self):
        return r.whatsapp({'messages': [{
            'id': 'wamid.1', 'from': '5215512345671', 'type': 'text',
            'timestamp': '1795474799', 'text': {'body': 'Hola'}}]})


class CgiLink(Cgi):
    """The pages behind the links in messages."""

    purpose, body = 'confirm', b'answer=confirm'

    def prepare(self):
        self.site.must('omni-ledger', 'init')
        self.site.records('omni-schedule', [appointment(
            1, at='2026-11-24T12:00')], '-q')
        self.site.must('omni-run', ok=(0, 1))
        id, = self.site.sql('SELECT id FROM message')[0]
        super().prepare()
        self.asked = ('/' + self.purpose, 't=%s&l=en' % r.link_token(
            self.purpose[0], id), self.body, {})


    def request(self):
        return None


class CgiConfirm(CgiLink):
    pass


class CgiUnsubscribe(CgiLink):
    purpose, body = 'unsubscribe', b'scope=all'


class CgiPreferences(CgiLink):
    purpose, body = 'preferences', b'topic.appointment=no&language=en'


class TakeMail(Cgi):
    program = 'omni-ingest --mail'
    mail = (b'From: Ana <ana@example.net>\nMessage-ID: <1@example.net>\n'
            b'Date: Mon, 23 Nov 2026 17:00:00 -0600\nSubject: Re: cita\n\n'
            b'Gracias\n')

    def request(self):
        return '/mail', '', self.mail, {}

    def command(self, *prefix):
        return self.site.run(*prefix, 'omni-ingest', '--mail', '-f',
                             'ana@example.net', 'citas@clinic.example',
                             data=self.mail)

    def accepted(self, done):
        if done.returncode == 0:
            yield {'hook': 'mail', 'body': self.mail.decode()}


class Drain(Scenario):
    """All kinds of things that came in, one that nobody understands."""

    program = 'omni-ingest'
    args = ['omni-ingest', '-q']
    ok = (0, 1)
    more = '[ingest]\nauto_reply = auto_reply\n'
    finish = [(SOON, 'omni-send-sms', '-q'), (SOON, 'omni-send-wa', '-q'),
              (SOON, 'omni-send-mail', '-q')]

    def prepare(self):
        super().prepare()
        s = self.site
        s.records('omni-schedule', [
            appointment(i, at='2026-11-24T12:00', phone='55 1234 567%d' % i)
            for i in (1, 2)], '-q')
        s.must('omni-run', '-o', 'ladder appointment.step.1=-24h sms',
               ok=(0, 1))
        self.fill()
        self.taken = self.waiting()

    def fill(self):
        s = self.site
        for n, (sender, said) in enumerate([
                ('71', 'SI'), ('72', 'BAJA'), ('79', 'Quien habla?')]):
            s.spool_file('1%d' % n, 'twilio/sms', urlencode({
                'MessageSid': 'SM%032d' % n, 'From': '+5255123456' + sender,
                'To': '+525587654321', 'Body': said}).encode())
        s.spool_file('20', 'twilio/status', b'MessageSid=SM%032d'
                     b'&MessageStatus=delivered' % 8)
        s.spool_file('30', 'whatsapp', r.whatsapp({
            'messages': [{
                'id': 'wamid.%d' % n, 'from': '521551234567%d' % n,
                'type': 'text', 'timestamp': '1795474799',
                'text': {'body': 'Hola'}} for n in (1, 2)],
            'statuses': [{'id': 'wamid.9', 'status': 'read',
                          'timestamp': '1795474799'}]})[2])
        with open(s.spool + '/inbound/new/40', 'wb') as f:
            f.write(b'Hook: mail\nReceived: %s\nSender: ana@example.net\n'
                    b'Recipient: citas@clinic.example\n\n' %
                    s.now.encode() + TakeMail.mail)
        s.spool_file('50', 'confirm', b'answer=call_back', query='t=' +
                     r.link_token('c', 'a2.r1/1'))
        with open(s.spool + '/inbound/new/60', 'w') as f:
            f.write('nothing that anybody knows')

    def waiting(self):
        found = []
        folder = self.site.spool + '/inbound/new/'
        for name in sorted(os.listdir(folder)):
            with open(folder + name, 'rb') as f:
                head, _, body = f.read().partition(b'\n\n')
            fields = dict(line.split(': ', 1) for line in
                          head.decode().split('\n') if ': ' in line)
            if 'Hook' in fields:
                found.append({'hook': fields['Hook'], 'body': body.decode(),
                              'received': fields['Received'],
                              'query': fields.get('Query', '')})
        return found

    def accepted(self, done):
        return self.taken


class DrainReplay(Drain):
    """What was set aside is taken back."""

    args = ['omni-ingest', '-q', '--replay']

    def fill(self):
        super().fill()
        new, bad = (self.site.spool + '/inbound/' + d for d in ('new', 'bad'))
        os.unlink(new + '/60')
        self.taken = self.waiting()
        os.makedirs(bad, exist_ok=True)
        for name in os.listdir(new):
            os.rename(new + '/' + name, bad + '/' + name)
            with open('%s/%s.reason' % (bad, name), 'w') as f:
                f.write('why\n')

    def prepare(self):
        super().prepare()
        self.taken = []


class DrainMedia(Scenario):
    """What people sent along is fetched once, and nothing is left over."""

    program, played = 'omni-ingest', True
    args = ['omni-ingest', '-q']

    def prepare(self):
        super().prepare()
        for n, (data, kind) in enumerate([
                (b'\xff\xd8\xff\xe0\x00\x10JFIF', 'image/jpeg'),
                (b'\x89PNG\r\n\x1a\nxyz', 'image/png')]):
            self.where = self.sim.upload(data, kind)
            self.site.spool_file('1%d' % n, 'twilio/sms', urlencode({
                'MessageSid': 'MM%032d' % n, 'From': '+525512345671',
                'To': '+525587654321', 'Body': 'Foto', 'NumMedia': '1',
                'MediaUrl0': self.where, 'MediaContentType0': kind
            }).encode())
        self.sim.forget = lambda: None      # or the files are gone

    def complaints(self):
        if self.site.sql("SELECT count(*) FROM inbound_media WHERE "
                         "state = 'kept'") != [(2,)]:
            yield 'not both files are kept'


ALL = [CgiSms, CgiStatus, CgiWhatsapp, CgiConfirm, CgiUnsubscribe,
       CgiPreferences, TakeMail, Drain, DrainReplay, DrainMedia]
