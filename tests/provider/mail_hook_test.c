#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "provider/mail_hook.h"
#include "provider/mail_report.h"
#include "provider/mail_text.h"
#include "provider/mail_words.h"

static void
is(const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		fprintf(stderr, "got  %s\nwant %s\n", got, want);
	assert(strcmp(got, want) == 0);
}

static void
words(const char *text, const char *want)
{
	struct buf out = BUF_INIT(4096);

	mail_own_words(text, &out);
	is(buf_text(&out), want);
	buf_release(&out);
}

static void
html(const char *text, const char *want)
{
	struct buf out = BUF_INIT(4096);

	mail_html_text(text, strlen(text), &out);
	is(buf_text(&out), want);
	buf_release(&out);
}

static void
test_words(void)
{
	words("", "");
	words("S\xc3\xad\r\n", "S\xc3\xad");
	words("Confirmo\n\n> Responda BAJA\n", "Confirmo");
	words("> Confirma?\n\nConfirmo\n", "Confirmo");
	words("S\xc3\xad\n\nEl 20 nov 2026, Sol <a@b.example>\n"
	    "escribi\xc3\xb3:\n\nResponda BAJA", "S\xc3\xad");
	words("Yes\nOn Fri, 20 Nov 2026, X wrote:\n> STOP\nthanks",
	    "Yes\nthanks");
	words("Yes\n-----Original Message-----\nSTOP", "Yes");
	words("Si\n-----Mensaje original-----\nBAJA", "Si");
	words("Si\nDe: Sol <a@b.example>\nEnviado: ayer\nBAJA", "Si");
	words("Si\n*From:* Sol\n*Sent:* x\nBAJA", "Si");
	words("Si\n________________________________\nBAJA", "Si");
	words("Si\n-- \nAna\nBAJA", "Si");
	words("Si\nEnviado desde mi iPhone\n", "Si");
	words("Si\n---\nno puedo ir", "Si\n---\nno puedo ir");
	words("Si\n\xe2\x80\x94\nperdon, mejor no",
	    "Si\n\xe2\x80\x94\nperdon, mejor no");
	words("Yes\nCheers\nno wait I can't", "Yes\nCheers\nno wait I can't");
	words("Yes\nCheers\nNorma\nCalle 5", "Yes");
	words("Si\n--\n> Responda NO", "Si");
	words("On Monday I cannot", "On Monday I cannot");
	words("De: nada", "De: nada");
}

static void
test_html(void)
{
	html("<p>S&iacute;,&nbsp;confirmo.</p><blockquote>Responda<br>BAJA"
	    "</blockquote>gracias", "S\xc3\xad, confirmo.\n> Responda\n> BAJA\n"
	    "gracias");
	html("<style>a{}</style>x<!-- y -->z", "xz");
	html("a<div class=\"gmail_quote\">b</div>c", "a\n> b\nc");
	html("<s>S&iacute;</s> <DEL>ok</DEL> <strike>va</strike> no",
	    "~S\xc3\xad~ ~ok~ ~va~ no");
	html("<p style=\"text-decoration: line-through\">Si</p>", "~Si\n");
	html("1 < 2 &amp; &bogus; &#0; <", "1 < 2 & &bogus; &#0; <");
	html("<style>never ends", "");
}

static void
test_codes(void)
{
	struct mail_code c;

	assert(mail_words_enhanced("550-5.1.1 x", &c));
	assert(!mail_words_enhanced("x-5.1.1 x", &c));
	assert(mail_words_enhanced("550 5.1.1 x", &c));
	is(c.text, "5.1.1");
	assert(mail_words_enhanced("(#5.1.10)", &c));
	is(c.text, "5.1.10");
	assert(!mail_words_enhanced("[5.1.1.9] 15.1.1 5.1 3.1.1", &c));
	assert(mail_words_basic("said: 550 no", &c));
	is(c.text, "550");
	assert(!mail_words_basic("5501 x550 650 ", &c));
	assert(mail_words_meaning("User unknown", &c));
	is(c.text, "5.1.1");
}

static void
test_marks(void)
{
	struct value *list = value_new_array();

	mail_report_tokens("bounce+ABCDEFGHIJKLMNOPQRSTUVWXYZ@b "
	    "x+abcdefghijklmnopqrstuvwxyz1@b abcdefghijklmnopqrstuvwxyz@b",
	    list);
	assert(value_count(list) == 1);
	is(value_string(value_at(list, 0)), "abcdefghijklmnopqrstuvwxyz");
	value_free(list);
	list = value_new_array();
	mail_report_id_list("<a@b> <c@d> <no> <e f@g>", list);
	assert(value_count(list) == 2);
	mail_report_ids("> Message-ID:\n <x@y>\nz <q@r>", list);
	assert(value_count(list) == 3);
	is(value_string(value_at(list, 2)), "<x@y>");
	value_free(list);
}

/* The member of the one event of a mail from a server; "-": not there. */
static void
event(const char *mail, const char *key, const char *want)
{
	static const struct mail_envelope nobody = { .sender = "" };
	struct value *events;
	const char *s;
	struct error e;

	assert(mail_hook_read(mail, strlen(mail), &nobody, &events, &e) == 0);
	assert(value_count(events) == 1);
	s = value_get_string(value_at(events, 0), key);
	is(s == NULL ? "-" : s, want);
	value_free(events);
}

static void
test_events(void)
{
#define DSN(fields) "From: MAILER-DAEMON@x.example\nContent-Type: " \
	"multipart/report; boundary=b\n\n--b\nContent-Type: " \
	"message/delivery-status\n\nReporting-MTA: dns; x\n\n" \
	"Final-Recipient: rfc822;a@b.example\n" fields "\n--b--\n"
	event(DSN("Action: failed\nStatus: 5.1.1"), "status", "bounced");
	event(DSN("Action: failed\nStatus: 4.4.7"), "status", "failed");
	event(DSN("Action: delayed\nStatus: 4.4.1"), "status", "accepted");
	event(DSN("Action: relayed\nStatus: 2.0.0"), "status", "sent");
	event(DSN("Status: 2.0.0"), "status", "delivered");
	event(DSN("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550\n"
	    " 5.1.1 no"), "code", "5.1.1");
	event("From: a@b.example\n\nMe voy\n", "automatic", "no return path");
	event("From: MAILER-DAEMON@b.example\nSubject: failure notice\n\n"
	    "<a@b.example>:\nno mailbox here by that name\n", "code", "5.1.1");
	event("From nobody Fri Nov 20\nFrom: a@b.example\n\nx\n", "from",
	    "a@b.example");
	event("Subject: x\n\nx\n", "kind", "other");
}

int
main(void)
{
	struct value *events;
	struct error e;
	struct mail_envelope env = { .sender = NULL };

	record_setup();
	test_words();
	test_html();
	test_codes();
	test_marks();
	test_events();
	assert(mail_hook_read("", 0, &env, &events, &e) == -1);
	return 0;
}
