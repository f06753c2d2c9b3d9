"""What goes on at a clinic while its programs are killed.

For kill-run and load: the web server that runs the CGI, for providers who
call back and people who answer, and the work that comes in.
"""

import http.server
import json
import os
import random
import signal
import subprocess
import threading

import rehearsal as r

PEOPLE = 40


class Acknowledged:
    """What omni has taken, for --accepted; written by many at once."""

    def __init__(self, path):
        self.path, self.lock = path, threading.Lock()
        open(path, 'w').close()

    def add(self, *lines):
        with self.lock, open(self.path, 'ab') as f:
            f.write(r.ndjson(lines))


class WebServer:
    """Runs omni-ingest for each request, and sometimes kills it."""

    def __init__(self, site, acknowledged, seed, killed=0.0):
        self.site, self.acknowledged = site, acknowledged
        self.chance, self.killed = random.Random(seed), killed
        self.stderr, self.deaths, self.answers = set(), 0, 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                outer.take(self)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = 'http://127.0.0.1:%d' % self.http.server_port
        self.thread = threading.Thread(target=self.http.serve_forever,
                                       args=(0.05,))
        self.thread.start()

    def close(self):
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()

    def take(self, h):
        body = h.rfile.read(int(h.headers.get('Content-Length') or 0))
        status, answer = self.ask(h.command, h.path, body, dict(h.headers))
        try:
            h.send_response(status)
            h.send_header('Content-Length', str(len(answer)))
            h.end_headers()
            h.wfile.write(answer)
        except OSError:
            pass    # who asked did not wait

    def ask(self, method, where, body, headers):
        """(status, body) of what the CGI says; 500 where it was killed."""
        path, _, query = where.partition('?')
        env = dict(self.site.env, **r.cgi_environment(
            path, query, body, headers, method))
        if self.site.now:
            env['OMNI_NOW'] = self.site.now
        cgi = subprocess.Popen(
            ['omni-ingest'], env=env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        timer = None
        if self.chance.random() < self.killed:
            timer = threading.Timer(self.chance.random() * 0.02, cgi.kill)
            timer.start()
        out, err = cgi.communicate(body)
        if timer:
            timer.cancel()
        self.stderr.update(err.decode('utf-8', 'replace').splitlines())
        head, _, answer = out.partition(b'\r\n\r\n')
        status = int(head[8:11]) if head.startswith(b'Status: ') else 500
        self.deaths += cgi.returncode == -signal.SIGKILL
        self.answers += 1
        if 200 <= status < 300 and method == 'POST':
            self.acknowledged.add({
                'hook': path.lstrip('/'),
                'body': body.decode('utf-8', 'surrogateescape'),
                'query': query, 'received': env.get('OMNI_NOW', '')})
        return status, answer


class Day:
    """The work that comes in: records, appointments, answers."""

    def __init__(self, site, sim, web, acknowledged, seed):
        self.site, self.sim, self.web = site, sim, web
        self.acknowledged = acknowledged
        self.chance = random.Random(seed)
        self.count = 0
        self.lock = threading.Lock()

    def number(self):
        with self.lock:
            self.count += 1
            return self.count

    def person(self, i):
        return {'id': 'c%d' % i, 'name': 'Persona %d' % i,
                'email': 'c%d@example.org' % i,
                'phone': '55 1234 %04d' % (1000 + i)}

    def to(self, account, i):
        if account in ('email', 'ses'):
            return 'c%d@example.org' % i
        if account == 'push':
            return json.dumps({
                'endpoint': '%s/push/c%d' % (self.sim.http, i),
                'keys': {'p256dh': r.POINT,
                         'auth': 'AAECAwQFBgcICQoLDA0ODw'}})
        if account == 'ntfy':
            return 'c%d' % i
        return '+5255123%05d' % (41000 + i)

    def message(self, expires, account=None):
        """A record as the filters would hand it on, to one of the people."""
        n = self.number()
        account = account or r.PLAYED[n % len(r.PLAYED)][0]
        kind = {a: k for a, k, _, _ in r.PLAYED}[account]
        return r.message(
            'q%d' % n, kind, account,
            self.to(account, self.chance.randrange(PEOPLE)), 'Aviso %d' % n,
            subject='Aviso %d' % n, expires_at=expires, whatsapp=r.TEMPLATE)

    def queue(self, records, *prefix, **more):
        done = self.site.run(*prefix, 'omni-queue', data=r.ndjson(records),
                             **more)
        self.acknowledged.add(*(
            {'id': json.loads(line)['id']}
            for line in done.stdout.split(b'\n')[:-1]
            if 'error' not in json.loads(line)))
        return done

    def appointments(self, at, count):
        for _ in range(count):
            yield r.appointment('a%d' % self.number(), at, self.person(
                self.chance.randrange(PEOPLE)))

    def answer(self):
        """Somebody writes back; the provider tries until it is taken."""
        said = self.chance.choice(['SI', 'SI', 'NO', 'Hola', 'Gracias',
                                   'Quien habla?', 'BAJA'])
        path, query, body, headers = r.twilio(
            '/twilio/sms', hooks=self.site.hooks,
            MessageSid='SM%032d' % self.number(),
            From='+5255123%05d' % (41000 + self.chance.randrange(PEOPLE)),
            To=r.OURS, NumMedia='0', Body=said)
        headers['Content-Type'] = r.FORM
        for _ in range(20):
            if self.web.ask('POST', path, body, headers)[0] == 200:
                return
        raise r.Trouble('an answer was never taken')


def members(group):
    """The processes of a group."""
    for name in os.listdir('/proc'):
        if name.isdigit():
            try:
                with open('/proc/%s/stat' % name) as f:
                    fields = f.read().rpartition(')')[2].split()
            except OSError:
                continue
            if int(fields[2]) == group and fields[0] != 'Z':
                yield int(name)
