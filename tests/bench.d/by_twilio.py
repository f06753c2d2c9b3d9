"""Twilio's own client, one message after the other over a kept connection.

by_twilio.py URL USER:PASSWORD <bodies
"""
import sys
import urllib.parse

from twilio.rest import Client

client = Client(*sys.argv[2].split(':'))
client.api.base_url = sys.argv[1].split('/2010-04-01')[0]
for line in sys.stdin:
    form = dict(urllib.parse.parse_qsl(line.rstrip('\n')))
    client.messages.create(to=form['To'], from_=form['From'],
                           body=form['Body'])
