#!/usr/bin/python3
"""usage: phonefake.py LOG [OPTION=VALUE]...

A stand-in for phonenumber(1), good or bad.  A number's E.164 form is +52 and
its last ten digits.  Each start and each question is a line of the file LOG.

	die=N		dies before the (N+1)th answer of its life
	once=yes	... and hang, only in its first life
	hang=N		answers N questions, and no more
	poison=NUMBER	dies when it is asked NUMBER
	stuck=NUMBER	hangs when it is asked NUMBER
	block=N		answers N questions at once, and waits until it has them
	lazy=yes	answers when it has read all that there is to read
	slow=MS		takes its time for each answer
	today=yes	knows no prefix that Mexico gave up, as new libraries
	lie=HOW		twice, swap, tag, type, fields, nul, long, early, none,
			text: what is wrong with each answer
"""

import os
import re
import signal
import sys
import time

log = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_APPEND)
options = dict(arg.split("=", 1) for arg in sys.argv[2:])
lives = os.pread(log, 1 << 30, 0).count(b"start\n") + 1
os.write(log, b"start\n")
if options.get("once") and lives > 1:
    options.pop("die", None)
    options.pop("hang", None)
lie = options.get("lie")


def number(line, text):
    digits = re.sub(r"\D", "", text)
    if options.get("today"):
        rest = digits[2:] if text.startswith("+52") else digits
        if len(rest) != 10:
            return "no\ttoo_long\tToo long."
    return "ok\t+52%s\tMX\tmobile\t" % digits[-10:]


def answer(line):
    tag, _, text = line.split("\t")
    if lie == "tag":
        tag += "0"
    good = "%s\t%s" % (tag, number(line, text))
    return {
        "twice": good + "\n" + good,
        "type": good.replace("mobile", "satellite"),
        "fields": good + "\t",
        "nul": good + "\0",
        "long": good + "0" * 5000,
        "none": "",
        "text": "What did you say?",
    }.get(lie, good)


def write(answers):
    if lie == "swap":
        answers.reverse()
    text = "".join(a + "\n" for a in answers).encode()
    while text:
        text = text[os.write(1, text):]


def lines():
    rest = b""
    while True:
        if options.get("lazy"):
            write(waiting)
            waiting.clear()
        chunk = os.read(0, 65536)
        if not chunk:
            return
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode()


def wanted(line, option):
    return line.split("\t")[2] == options.get(option)


if lie == "early":
    write(["9\tok\t+525500000000\tMX\tmobile\t"] * 2)
block = int(options.get("block", 2 if lie == "swap" else 1))
count = 0
waiting = []
for line in lines():
    os.write(log, line.encode() + b"\n")
    if str(count) == options.get("die") or wanted(line, "poison"):
        os.kill(os.getpid(), signal.SIGKILL)
    if str(count) == options.get("hang") or wanted(line, "stuck"):
        signal.pause()
    time.sleep(int(options.get("slow", 0)) / 1000)
    waiting.append(answer(line))
    count += 1
    if len(waiting) >= block and not options.get("lazy"):
        write(waiting)
        waiting.clear()
write(waiting)
