#!/usr/bin/python3
"""usage: mailcheck.py build DIRECTORY SEED COUNT
       mailcheck.py records DIRECTORY [ascii]
       mailcheck.py arrived DIRECTORY FILE...
       mailcheck.py python|gmime|mailparser DIRECTORY

Proves that mails are read back as they were meant, by parsers not ours.
"build" makes mails into DIRECTORY through MAILBUILD: a table of nasty ones,
and COUNT that are put together by chance.  The others read all of them by one
parser, and compare.  "records" prints records for omni-queue instead, of the
nasty ones and of some that only a server can spoil, and "arrived" puts what came
out at the other end beside what was meant, each once.  What is compared: who it is from and to, the subject, the
texts, and of each attachment type, name, Content-ID and bytes.
"""

import base64
import email
import email.errors
import email.header
import email.policy
import email.utils
import hashlib
import json
import os
import random
import re
import subprocess
import sys

PLAIN = {
    "id": "m/1",
    "from": "Clínica Sol <citas@clinic.example>",
    "to": "b@example.org",
    "subject": "Tu cita",
    "text": "Hola\n",
}
ICS = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Revisión\r\nEND:VCALENDAR\r\n"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def data(content, **more):
    if isinstance(content, str):
        content = content.encode()
    return {"data": base64.b64encode(content).decode(), **more}


def pdf(name, size=100):
    return data(bytes(i * 7 % 256 for i in range(size)), filename=name)


def logo(cid="logo", **more):
    return data(PNG, cid=cid, type="image/png", **more)


SHOWS = '<p>¡Hola!<img src="cid:logo"></p>'
INVITE = data(ICS, filename="cita.ics", method="REQUEST")
LONG = (
    "Le recordamos que mañana, martes 24 de noviembre, a las 10:30, tiene "
    "usted una cita con la doctora Ángeles Núñez en la Clínica Sol. "
) * 4

CORPUS = {
    "plain": {},
    "only html": {"text": "", "html": "<p>Hola, ¿qué tal?</p>"},
    "both": {"html": "<p>Hola</p>"},
    "empty text, a subject": {"text": ""},
    "long subject": {
        "subject": "Recordatorio: tu cita con la doctora María Ángeles "
        "López será el próximo miércoles a las 10:30 😀🦷 "
        "¡te esperamos, no faltes! " * 3 + "Adiós"
    },
    "a word of 300": {"subject": "x" * 300, "text": "y" * 300 + "\n"},
    "a word of 300 letters": {"subject": "ñ" * 300, "text": "ñ" * 300},
    "subject like an encoded word": {"subject": "=?UTF-8?Q?no?= =?x?="},
    "spaces in the subject": {"subject": "uno  dos   tres"},
    "quotes in names": {
        "from": '"Clínica \\"Sol\\", S.A." <citas@clinic.example>',
        "to_name": 'Pérez "El Güero", Juan',
    },
    "ascii quotes in names": {
        "from": '"Clinic \\"Sol\\", Inc. (x)" <citas@clinic.example>',
        "to_name": "O'Hara; Juan <x@y>",
    },
    "right to left": {
        "to_name": "שלום עולם",
        "subject": "مرحبا بكم في العيادة",
        "text": "שלום, \u200fabc\nمرحبا\n",
        "html": '<p dir="rtl">مرحبا</p>',
    },
    "emoji of many": {
        "to_name": "👩\u200d⚕\ufe0f Ana",
        "subject": "👨‍👩‍👧‍👦" * 12,
        "text": "🇲🇽 👩🏽‍⚕️\n",
    },
    "all line ends": {
        "text": "a\nb\r\nc\rd\r\n\r\n\n\re\n",
        "html": "<p>a\nb\r\nc\rd</p>\r\n",
    },
    "dots": {"text": ".\n..\n.a\n\n.\n", "html": ".\n<p>.</p>\n.\n"},
    "From": {
        "text": "From here\n>From there\nFrom\n From\n" + "From x " * 30 + "\n",
        "html": "From <b>\nFrom x\n</b>",
    },
    "spaces at the end": {"text": "a \nb\t\nc  \n \n", "html": "<p>a \n</p> "},
    "boundaries": {
        "text": "--omni-a\n--omni-m-\n--\n--omni\n-- \nAna\n",
        "html": "--omni-r-\n<p>--</p>",
        "attachments": [pdf("a.pdf")],
    },
    "100,000 characters in a line": {"text": "x" * 100000 + "\n"},
    "100,000 in a line of words": {
        "text": "palabra ñandú " * 7142 + "fin",
        "html": "<p>" + "palabra ñandú " * 7142 + "</p>",
    },
    "no space in a line of 2000": {"text": "ñ" * 2000, "html": "<" + "é" * 2000},
    "a paragraph": {"text": LONG.strip() + "\n\n" + LONG.strip() + "\n-- \nSol\n"},
    "a paragraph of stuffing": {
        "text": " uno\n>dos\nFrom tres\n" + (">a > b From c  d -- e " * 20).strip()
    },
    "signature in the middle": {"text": "-- " + "x" * 80 + " -- " + "y" * 80},
    "a paragraph with spaces at the end": {"text": LONG + "\n" + LONG.strip()},
    "controls": {"text": "a\x01b\x1bc\x7fd\n", "html": "<p>\x0b\x0c</p>"},
    "a document": {"attachments": [pdf("informe.pdf", 5000)]},
    "an empty one": {"attachments": [data("", filename="nada.txt")]},
    "names": {
        "attachments": [
            pdf(n)
            for n in (
                "informe clínico de María (1).pdf",
                "100% 'seguro'.pdf",
                'el "nuevo".pdf',
                "a;b=c,d.pdf",
                "名前.pdf",
                "😀.pdf",
                "x" * 90 + ".pdf",
                "ñ" * 100 + ".pdf",
                "a*b?c|d.pdf",
                "=?UTF-8?Q?x?=.pdf",
                "UTF-8''x.pdf",
                "a  b.pdf",
                "sin_punto",
                ".oculto",
                "a\u0301b.pdf",
            )
        ]
    },
    "types of text": {
        "attachments": [
            data("a;b\nñ;é\n", filename="tabla.csv"),
            data("nota\r\n", filename="nota.txt"),
            data(b"\xff\xfe latin \xf1\n", filename="latin.txt"),
            data("<p>ñ</p>", filename="a.html"),
        ]
    },
    "a picture": {"html": SHOWS, "attachments": [logo()]},
    "a picture without text": {
        "text": "",
        "html": SHOWS,
        "attachments": [logo(filename="logo.png")],
    },
    "a picture twice, and a document": {
        "html": SHOWS + SHOWS + "<p style='background:url(cid:fondo)'>",
        "attachments": [pdf("a.pdf"), logo(), logo("fondo", filename="ñ.png")],
    },
    "a picture that nothing shows": {
        "html": "<p>Hola</p>",
        "attachments": [logo(filename="logo.png")],
    },
    "a picture that says where it is from": {
        "html": SHOWS.replace("logo", "logo@x.example"),
        "attachments": [logo("logo@x.example")],
    },
    "an invitation": {"html": "<p>Cita</p>", "attachments": [INVITE]},
    "an invitation in text": {"attachments": [INVITE]},
    "an invitation twice": {
        "html": SHOWS,
        "attachments": [INVITE, data(ICS, filename="cita.ics"), logo()],
    },
    "only an invitation": {"text": "", "html": "", "attachments": [INVITE]},
    "a megabyte": {"attachments": [pdf("grande.bin", 1000000)]},
    "lines of base 64, to the byte": {
        "attachments": [pdf("%d.bin" % n, n) for n in (1, 2, 56, 57, 58, 114)]
    },
    "reply": {
        "reply_to": "Respuestas <respuestas+abc234@clinic.example>",
        "in_reply_to": "abc@example.org",
    },
}
for i, name in enumerate(
    ["Ana", "María José", "Pérez, Juan", "O'Hara", "Ñ", "李", "a.b", "(x)", '"', "\\"]
    * 6
):
    CORPUS["name %d" % i] = {
        "to_name": name + (" " + "García-López" * (i // 10) if i >= 10 else "")
    }

PIECES = (
    "a cita María ñ ¿ € é e\u0301 😀 👩\u200d⚕\ufe0f Привет 漢字 שלום \u200b \u00a0 = =? ?= "
    "=?UTF-8?Q?x?= =3D _ ? \" \\ < > , ; : ( ) @ . ' <b@example.org> From Bcc: -- "
    "--omni- cid:x & &amp; % %20 * ''"
).split(" ") + [" ", " ", "  ", "x" * 59, "x" * 61, "y" * 80, "ñ" * 40, "z" * 1200]
ENDS = ["\n", "\n", "\r\n", "\n\n", "\n.\n", " \n", "\t\n", "\nFrom x\n", "\n--", "\n-- \n"]


def random_mail(rnd):
    def text(choice, most):
        return "".join(rnd.choice(choice) for _ in range(rnd.randint(0, most)))

    def name(suffix):
        s = text([p for p in PIECES if "/" not in p and "\\" not in p], 6)
        while len((s + suffix).encode()) > 255:
            s = s[:-1]
        return s.strip(" \u00a0\u200b") + suffix

    words = [LONG, "-- ", "a ", " b"] + PIECES + ENDS * 3
    mail = {
        "subject": text(PIECES, 12).strip(" ") or "x",
        "to_name": text([p for p in PIECES if len(p) < 50], 5).strip(" "),
        "text": text(words, 30),
        "attachments": [],
    }
    for i in range(rnd.choice([0, 0, 1, 2, 5])):
        mail["attachments"].append(
            data(rnd.randbytes(rnd.choice([0, 1, 57, 500])), filename=name(".bin"))
        )
    if rnd.random() < 0.3:
        mail["attachments"].append(INVITE)
    if rnd.random() < 0.6:
        mail["html"] = "<p>" + text([w for w in words if "cid:" not in w], 20)
        if rnd.random() < 0.5:
            mail["html"] += "<hr>" + SHOWS
            mail["attachments"].append(logo())
    rnd.shuffle(mail["attachments"])
    return mail


def lines(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")


def content_id(mail, cid):
    if "@" in cid:
        return cid
    digest = hashlib.sha256(mail["id"].encode()).hexdigest()[:16]
    return "%s.%s@clinic.example" % (cid, digest)


def person(text, name=None):
    address = email.utils.parseaddr(text)[1]
    if name is None:
        name = re.sub(r" *<[^<]*$", "", text) if "<" in text else ""
        if name.startswith('"'):
            name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return [name.strip(" "), address]


def wanted(mail):
    """What a parser must say of it."""
    html, attachments = mail.get("html", ""), []
    for a in mail.get("attachments", []):
        shown = a.get("cid") and "cid:" + a["cid"] in html
        attachments.append(
            {
                "filename": a.get("filename"),
                "cid": content_id(mail, a["cid"]) if "cid" in a else None,
                "shown": bool(shown),
                "method": a.get("method"),
                "sha256": hashlib.sha256(base64.b64decode(a["data"])).hexdigest(),
            }
        )
    for a in mail.get("attachments", []):
        if "cid" in a:
            html = html.replace("cid:" + a["cid"], "cid:" + content_id(mail, a["cid"]))
    return {
        "from": person(mail["from"]),
        "to": [mail.get("to_name", ""), mail["to"]],
        "reply_to": person(mail["reply_to"]) if "reply_to" in mail else None,
        "subject": mail["subject"],
        "text": lines(mail["text"]).rstrip("\n"),
        "html": lines(html).rstrip("\n"),
        "attachments": sorted(attachments, key=json.dumps),
    }


def unflow(text):
    """RFC 3676 4.2, for a text without quotes."""
    out, joined = [], False
    for line in text.split("\n"):
        flowed = line.endswith(" ") and line != "-- "
        if line.startswith(" "):
            line = line[1:]
        if joined:
            out[-1] += line
        else:
            out.append(line)
        joined = flowed
    return "\n".join(out)


def by_python(raw):
    # Beyond ASCII (RFC 6532): it takes this from a string alone, and notes
    # that the address needs SMTPUTF8, of which it makes a defect
    text = raw.decode()
    msg = email.message_from_string(text, policy=email.policy.strict)
    for part in msg.walk():
        assert part.defects == [], part.defects
        for name, value in part.items():
            defects = [d for d in value.defects if text.isascii() or
                       not isinstance(d, email.errors.NonASCIILocalPartDefect)]
            assert defects == [], (name, value, defects)
    old = email.message_from_string(text)

    # Python 3.11 keeps the space between two encoded words of a name
    # (bpo-35547); its older functions know better
    def who(header):
        if msg[header] is None:
            return None
        name, address = email.utils.parseaddr(old[header].replace("\r\n", ""))
        assert len(msg[header].addresses) == 1
        assert msg[header].addresses[0].addr_spec == address
        name = str(email.header.make_header(email.header.decode_header(name)))
        return [name, address]

    texts, attachments = {"text/plain": "", "text/html": ""}, []
    for part in msg.walk():
        if part.is_multipart():
            assert part.preamble is None and not part.epilogue
            continue
        kind, cid = part.get_content_type(), part["content-id"]
        method = part["content-type"].params.get("method")
        if part.get_content_disposition() is None and method is None:
            text = lines(part.get_payload(decode=True).decode())
            if part["content-type"].params.get("format") == "flowed":
                assert max(map(len, text.split("\n"))) < 80 or "x" * 59 in text \
                    or re.search("[^ ]{30}", text), text
                text = unflow(text)
            assert texts[kind] == ""
            texts[kind] = text.rstrip("\n")
            continue
        attachments.append(
            {
                "filename": part.get_filename(),
                "cid": cid and cid.strip("<>"),
                "shown": part.get_content_disposition() == "inline",
                "method": method,
                "sha256": hashlib.sha256(part.get_payload(decode=True)).hexdigest(),
            }
        )
    return {
        "from": who("from"),
        "to": who("to"),
        "reply_to": who("reply-to"),
        "subject": msg["subject"],
        "text": texts["text/plain"],
        "html": texts["text/html"],
        "attachments": sorted(attachments, key=json.dumps),
    }


# Some show a domain in its own letters, whatever the header has
def first(people):
    if not people:
        return None
    local, domain = people[0]["address"].rsplit("@", 1)
    address = local + "@" + domain.encode("idna").decode()
    return [people[0].get("name") or "", address]


def by_gmime(raw):
    run = subprocess.run(
        [os.environ["MAILREAD"]], input=raw, stdout=subprocess.PIPE, check=True
    )
    m = json.loads(run.stdout)
    texts, attachments = {"text/plain": "", "text/html": ""}, []
    for p in m["parts"]:
        if p["type"].startswith("multipart/"):
            continue
        if "disposition" not in p and "method" not in p:
            text = lines(p["text"])
            text = unflow(text) if p.get("format") == "flowed" else text
            texts[p["type"]] = text.rstrip("\n")
            continue
        attachments.append(
            {
                "filename": p.get("filename"),
                "cid": p.get("cid"),
                "shown": p.get("disposition") == "inline",
                "method": p.get("method"),
                "sha256": p["sha256"],
            }
        )
    return {
        "from": first(m["from"]),
        "to": first(m["to"]),
        "reply_to": first(m["reply_to"]),
        "subject": m.get("subject"),
        "text": texts["text/plain"],
        "html": texts["text/html"],
        "attachments": sorted(attachments, key=json.dumps),
    }


def from_mailparser(m):
    # It decodes words of RFC 2047 in file names, where they are none
    attachments = [
        {
            "filename": a.get("filename"),
            "cid": a.get("cid"),
            "shown": a["related"],
            "method": a.get("method"),
            "sha256": a["sha256"],
        }
        for a in m["attachments"]
    ]
    return {
        "from": first(m["from"]),
        "to": first(m["to"]),
        "reply_to": first(m["reply_to"]),
        "subject": m.get("subject"),
        "text": lines(m.get("text") or "").rstrip("\n"),
        "html": lines(m["html"]).rstrip("\n"),
        "attachments": sorted(attachments, key=json.dumps),
    }


def check_bytes(raw, mail):
    assert raw.isascii() and b"\0" not in raw
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    for line in re.split(rb"\r\n", raw):
        if not line.startswith(b"Message-ID"):
            assert len(line) <= 78 or b"name" in line, line


def build(directory, seed, count):
    rnd = random.Random(seed)
    mails = [{**PLAIN, **m, "title": t} for t, m in CORPUS.items()]
    for i in range(count):
        mails.append({**PLAIN, **random_mail(rnd), "title": "seed %d, %d" % (seed, i)})
    for i, mail in enumerate(mails):
        title = mail.pop("title")
        mail["id"] = "m/%d" % i
        run = subprocess.run(
            [os.environ["MAILBUILD"]],
            input=json.dumps({**mail, "max": 20000000}).encode() + b"\n",
            stdout=subprocess.PIPE,
        )
        assert run.returncode == 0, (title, mail)
        check_bytes(run.stdout, mail)
        base = os.path.join(directory, "%05d" % i)
        with open(base + ".eml", "wb") as f:
            f.write(run.stdout)
        with open(base + ".json", "w") as f:
            json.dump({"title": title, "want": wanted(mail)}, f)
    print(len(mails))


# What the way there may spoil: the end of DATA, dots, lines that are too long,
# line ends, and addresses beyond ASCII
FOR_SERVERS = {
    "the end of the mail, in the mail": {
        "text": "a\n.\nb\r\n.\r\nQUIT\r\n.\rc\n\r.\r\n..\n...\n",
        "html": "<p>\n.\n</p>\r\n.\r\nRSET\r\n",
    },
    "dots where lines are broken": {"text": ("." * 75 + " ") * 40, "html": "." * 3000},
    "only a dot": {"text": "."},
    "bare CR": {"text": "a\rb\r\rc\r", "html": "<p>\ra\r</p>"},
    "a line of 998, and one more": {"text": "x" * 998 + "\n" + "y" * 999 + "\n"},
    "everything": {
        "to_name": "Begoña «Bego» Núñez 👩\u200d⚕\ufe0f",
        "subject": "¡Mañana! 🦷 " * 20 + ".",
        "text": ".\nFrom aquí\n" + LONG + "\n.\n",
        "html": "<p>.\n" + LONG + "\n.</p>" + SHOWS,
        "attachments": [pdf("informe ñ.pdf", 5000), INVITE, logo()],
    },
    "SMTPUTF8": {"to": "josé.ñ.%d@example.org", "to_name": "José"},
    "SMTPUTF8, a domain beyond ASCII, and all else": {
        "to": "用户.%d@clínica.example",
        "to_name": "用户 \"x\"",
        "subject": "Su cita, 用户: " + "ñ" * 90,
        "text": ".\n..\nHola 用户\n" + LONG,
        "html": "<p>用户</p>" + SHOWS,
        "attachments": [INVITE, logo(), pdf("名前.pdf")],
    },
}


def records(directory, ascii_only):
    count = 0
    for title, m in {**CORPUS, **FOR_SERVERS}.items():
        mail = {**PLAIN, **m, "id": "r/%d" % count}
        to = m["to"] % count if "to" in m else "r%d@example.org" % count
        # These are the site's, not the record's.
        mail.update({"from": PLAIN["from"], "reply_to": "citas@clinic.example"})
        record = {
            "id": mail["id"],
            "channel": "email",
            "account": "email",
            "to": to,
            "class": "alert",
            "route": {},
            "expires_at": "2026-11-30T00:00:00Z",
            **{k: mail[k] for k in ("subject", "text", "html", "attachments",
               "in_reply_to") if k in mail},
        }
        if "to_name" in mail:
            record["contact"] = {"name": mail["to_name"]}
        line = json.dumps(record, ensure_ascii=False)
        if ascii_only and not to.isascii():
            continue
        # A record has at most 256 KiB, and omni-queue wants a text.
        if len(line.encode()) > 250000 or not mail["text"]:
            continue
        local, domain = to.split("@")
        mail["to"] = local + "@" + domain.encode("idna").decode()
        with open(os.path.join(directory, "%05d.json" % count), "w") as f:
            json.dump({"title": title, "want": wanted(mail)}, f)
        print(line)
        count += 1


def arrived(directory, names):
    for name in names:
        with open(name, "rb") as f:
            raw = f.read()
        head = re.split(rb"\r?\n\r?\n", raw)[0]
        to = re.search(rb"(?m)^To:(?:.|\r?\n[ \t])*?([0-9]+)@", head)
        path = os.path.join(directory, "%05d.eml" % int(to[1]))
        with open(path, "xb") as f:
            f.write(raw)
    meant = sum(n.endswith(".json") for n in os.listdir(directory))
    assert meant == len(names) > 100, (meant, len(names))
    print(meant)


def read_all(how, names):
    if how != "mailparser":
        for name in names:
            with open(name, "rb") as f:
                yield (by_python if how == "python" else by_gmime)(f.read())
        return
    script = os.path.join(os.path.dirname(__file__), "mailparse.js")
    run = subprocess.run(["node", script] + names, stdout=subprocess.PIPE, check=True)
    for line in run.stdout.decode().splitlines():
        m = json.loads(line)
        got = from_mailparser(m)
        shown = sum(a["shown"] for a in got["attachments"])
        assert shown <= m["pictures"] or not shown, (m["html"], m["pictures"])
        yield got


def compare(how, directory):
    names = sorted(n for n in os.listdir(directory) if n.endswith(".eml"))
    names = [os.path.join(directory, n) for n in names]
    bad = count = 0
    for name, got in zip(names, read_all(how, names)):
        count += 1
        with open(name[:-4] + ".json") as f:
            expected = json.load(f)
        if how == "mailparser":
            for a in expected["want"]["attachments"]:
                a["filename"] = a["filename"] and a["filename"].replace(
                    "=?UTF-8?Q?x?=", "x")
            expected["want"]["attachments"].sort(key=json.dumps)
        for key, want in expected["want"].items():
            if got[key] != want:
                bad += 1
                print("%s: %s: %s\n  got  %.2000r\n  want %.2000r" % (
                    name, expected["title"], key, got[key], want))
    assert count == len(names)
    print("%d mails, %d differ" % (count, bad))
    return bad == 0


if sys.argv[1] == "build":
    build(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
elif sys.argv[1] == "records":
    records(sys.argv[2], "ascii" in sys.argv[3:])
elif sys.argv[1] == "arrived":
    arrived(sys.argv[2], sys.argv[3:])
else:
    sys.exit(0 if compare(sys.argv[1], sys.argv[2]) else 1)
