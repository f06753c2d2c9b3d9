"""The assistant: a model is asked, and what it says becomes a draft."""

import os

import cases
from cases import Case, must

cases.CONF += '''[provider model]
kind = anthropic
access_token = env:SIM_TOKEN
timeout = 10s
'''
# As of a site that has one; the simulator calls the first tool it is offered.
ASSIST = [word for setting in (
    'provider model.base_url={http}', 'assist.provider=model',
    'assist.model=m', 'assist.facts=assist', 'assist.input_cost=3',
    'site.emergency=+52 55 5000 0000', 'ingest.words=own.words')
    for word in ('-o', setting)]
EVENTS = '/etc/events'


# -------------------------------------------------------------------- fixtures

def came_in(*bodies, first=0):
    """Each from somebody of their own, and not taken in yet."""
    def fill(runner):
        os.mkdir(runner.site + '/etc/assist')
        with open(runner.site + '/etc/assist/hours.md', 'w') as f:
            f.write('# Horario\nAbrimos de 9:00 a 19:00.\n')
        with open(runner.site + '/etc/own.words', 'w') as f:
            f.write('[emergency]\nse trago una? abeja\n')
        for number, body in enumerate(bodies, first):
            data, env = cases.twilio(number, body, '52551234567%d' % number)
            must(runner, ['omni-ingest'], data, env)
    return fill


def waiting(*bodies):
    """The same, in the ledger; the events are kept."""
    def fill(runner):
        came_in(*bodies)(runner)
        events = must(runner, ['omni-ingest'])
        with open(runner.site + EVENTS, 'wb') as f:
            f.write(events)
    return fill


QUESTION, OTHER = '¿A qué hora abren?', '¿Puedo ir otro día?'
EMERGENCY = 'Mi gato no respira'
cases.FIXTURES.update(
    asked=waiting(QUESTION), urgent=waiting(QUESTION, EMERGENCY),
    answerless=waiting(QUESTION, OTHER),
    # Of nobody with a step that is due: what came before it is its answer.
    new=came_in(QUESTION, EMERGENCY, first=5))


def events(runner):
    with open(runner.site + EVENTS, 'rb') as f:
        return f.read(), {}


# What a run that failed left to do, as the next omni-run does it.
LEFT = [(['bash', '-o', 'pipefail', '-c',
          'omni-assist --waiting "$@" | omni-queue -q', 'bash', *ASSIST], {})]


def assist(name, fixture, *options, **more):
    # What it could not ask about now is to be asked about later.
    return Case(name, fixture, ['omni-assist', *options, *ASSIST],
                server=True, recover=LEFT, onward=['omni-queue', '-q'],
                **more)


def run(name, program):
    """Bash itself, or what it starts, while there is something to answer."""
    argv = ['omni-run', *ASSIST]
    return Case(name, 'new', argv, program=program, server=True,
                page='omni-run', again=(0, 1, 75),
                recover=[(argv, {'OMNI_NOW': at}) for at in cases.LATER[:2]])


CASES = [
    assist('omni-assist', 'asked', data=events),
    assist('omni-assist --emergencies', 'urgent', '--emergencies'),
    assist('omni-assist --waiting', 'answerless', '--waiting'),
    run('omni-run assist', 'bash'),
    run('omni-run omni-assist', 'omni-assist'),
]
