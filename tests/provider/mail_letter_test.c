/* Letters of servers, as they are worded by many of them. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "provider/mail_letter.h"
#include "provider/mail_report.h"
#include "provider/mail_sns.h"

static struct value *own;
static char got[1024];

/* "address action code" of each recipient, one a line. */
static void
show(const struct value *recipients)
{
	static const char *const keys[] = { "to", "action", "code" };
	const char *s;
	size_t n = 0;

	got[0] = '\0';
	for (size_t i = 0; i < value_count(recipients); i++)
		for (size_t k = 0; k < 3; k++) {
			s = value_get_string(value_at(recipients, i), keys[k]);
			n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%c",
			    s == NULL ? "-" : s, k == 2 ? '\n' : ' ');
		}
}

static void
is(const char *want)
{
	if (strcmp(got, want) != 0)
		fprintf(stderr, "got  %swant %s", got, want);
	assert(strcmp(got, want) == 0);
}

static const char *
letter(const char *failed, const char *text, const char *want)
{
	struct mail_letter l = { .subject = "", .text = text,
	    .failed = failed, .own = own };
	struct value *recipients = value_new_array();
	const char *copy = NULL;

	if (!mail_letter_read(&l, recipients, &copy))
		assert(want == NULL);
	else {
		show(recipients);
		is(want);
	}
	value_free(recipients);
	return copy;
}

static void
test_who(void)
{
	letter("", "  a@b.example\n    550 5.1.1 gone\n  c@d.example\n"
	    "    452 4.2.2 full\n",
	    "a@b.example failed 5.1.1\nc@d.example failed 4.2.2\n");
	letter("", "550 <a@b.example>... User unknown\n",
	    "a@b.example failed 5.1.1\n");
	letter("", ">>> MAIL From:<us@clinic.example>\n"
	    "554 <a@b.example>... Remote protocol error\n",
	    "a@b.example failed 554\n");
	letter("", "  To: us@clinic.example\ndid not reach:\na@b.example on "
	    "Thu, 29 Apr\n    The recipient name is not recognized\n",
	    "a@b.example failed 5.1.1\n");
	letter("", "There was an error delivering your mail to "
	    "<postmaster@b.example>.\n", "postmaster@b.example failed -\n");
	letter("", "undeliverable to a@b.example\n550 no\n",
	    "a@b.example failed 550\n");
	letter("", "Error, Address: <a@b.example>, ResponseCode 421, no\n",
	    "a@b.example failed 421\n");
	letter("", "-- a@b.example\n\nis not our customer\n",
	    "a@b.example failed 5.1.1\n");
	letter("", "a@b.example<mailto:a@b.example>\nwasn't found at b\n",
	    "a@b.example failed 5.1.1\n");
	letter("", "Nobody. 550 5.1.1\n", "- failed 5.1.1\n");
	letter("", "Hola, ¿cómo está?\n", NULL);
	/* Our own address counts where nobody else is named. */
	letter("", "us@clinic.example:\n550 5.1.1 gone\n",
	    "us@clinic.example failed 5.1.1\n");
}

static void
test_failed(void)
{
	letter("a@b.example, c@d.example", "Sorry.\n",
	    "a@b.example failed -\nc@d.example failed -\n");
	letter("a@b.example", "sent by\n <x@y.example>\nto\n a@b.example\n"
	    "all hosts have been failing for a long time\n",
	    "a@b.example failed 4.4.7\n");
	letter("alias@b.example", "  real@c.example\n    550 5.1.1 no\n",
	    "real@c.example failed 5.1.1\n");
}

static void
test_when(void)
{
	letter("", "a@b.example has been delayed\nMessage will be retried\n",
	    "a@b.example delayed -\n");
	letter("", "a@b.example\nretry timeout exceeded\n",
	    "a@b.example failed 4.4.7\n");
	/* What went well stands before what did not. */
	letter("", "Out: 250 2.0.0 Ok\nIn: RCPT TO:<a@b.example>\n"
	    "Out: 451 4.3.0 Error\n", "a@b.example failed 4.3.0\n");
}

static void
test_copy(void)
{
	const char *copy;

	copy = letter("", "The original message was received at noon\n"
	    "a@b.example [User unknown]\n----- Original message -----\n"
	    "To: c@d.example\n", "a@b.example failed 5.1.1\n");
	assert(strncmp(copy, "----- Original", 14) == 0);
	copy = letter("", "a@b.example: 550 5.1.1 x\nReturn-Path: <q@r.x>\n",
	    "a@b.example failed 5.1.1\n");
	assert(strncmp(copy, "Return-Path", 11) == 0);
}

static void
test_embedded(void)
{
	struct value *recipients = value_new_array();
	const char *after;

	mail_letter_embedded("--x\nStatus: read\n\nAction: now\n", recipients,
	    &after);
	assert(after == NULL && value_count(recipients) == 0);
	mail_letter_embedded("--x\nContent-Type: y\n\nFinal-Recipient: rfc822;"
	    " a@b.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: "
	    "smtp; 550\n 5.2.1 off\n\n--x\nMessage-ID: <i@j>\n", recipients,
	    &after);
	show(recipients);
	is("a@b.example failed 5.2.1\n");
	assert(strstr(after, "<i@j>") != NULL);
	value_free(recipients);
}

static void
sns(const char *text, const char *want)
{
	struct value *recipients = value_new_array();
	char id[128];

	assert(mail_sns_read(text, recipients, id) == (want != NULL));
	if (want != NULL) {
		show(recipients);
		is(want);
		assert(strcmp(id, "m1") == 0);
	}
	value_free(recipients);
}

static void
test_sns(void)
{
#define MAIL "\"mail\":{\"messageId\":\"m1\"}"
	sns("{\"notificationType\":\"Bounce\",\"bounce\":{\"bounceType\":"
	    "\"Permanent\",\"bouncedRecipients\":[{\"emailAddress\":"
	    "\"a@b.example\",\"status\":\"5.1.1\"},{\"emailAddr!\r\n ess\":"
	    "\"c@d.example\"}]}," MAIL "}\r\n\r\n--\r\nunsubscribe",
	    "a@b.example failed 5.1.1\nc@d.example failed 5.0.0\n");
	sns("{\"eventType\":\"Complaint\",\"complaint\":{"
	    "\"complainedRecipients\":[{\"emailAddress\":\"a@b.example\"}]},"
	    MAIL "}", "a@b.example complaint -\n");
	sns("{\"Message\":\"{\\\"notificationType\\\":\\\"Delivery\\\","
	    "\\\"delivery\\\":{\\\"recipients\\\":[\\\"a@b.example\\\"]},"
	    "\\\"mail\\\":{\\\"messageId\\\":\\\"m1\\\"}}\"}",
	    "a@b.example delivered 2.0.0\n");
	sns("{\"notificationType\":\"Bounce\"," MAIL "}", NULL);
	sns("{\"Message\":\"no\"}", NULL);
	sns("{!", NULL);
	sns("hola", NULL);
}

/* Addresses as they stand among words. */
static void
address(const char *text, const char *want)
{
	char out[256];

	if (!mail_report_address(text, strlen(text), out))
		assert(want == NULL);
	else
		assert(want != NULL && strcmp(out, want) == 0);
}

static void
test_addresses(void)
{
	address("<a@b.example>", "a@b.example");
	address("<\"a b\"@c.example>", "\"a b\"@c.example");
	address("x \"@c.example", NULL);
	address("\"@c.example", NULL);
	address("a@b.example. And", "a@b.example");
	address("a@b.jp您好", "a@b.jp");
	address("josé@ejemplo.mx", "josé@ejemplo.mx");
	address("a@ @b @", NULL);
}

int
main(void)
{
	record_setup();
	own = value_new_array();
	value_append_take(own, value_new_string("us@clinic.example"));
	test_who();
	test_failed();
	test_when();
	test_copy();
	test_embedded();
	test_sns();
	test_addresses();
	value_free(own);
	return 0;
}
