#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/record.h"
#include "provider/mime.h"

#define MAX	(1024 * 1024)
#define A75	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaa"

static const struct mail plain = {
	.id = "appointment-42.r1/1",
	.attempt = 1,
	.from = "Clínica <citas@clinic.example>",
	.to = "maria@example.org",
	.subject = "Tu cita",
	.text = "Hola\n",
	.date = 1795420800,	/* 2026-11-23T08:00:00Z */
	.utc_offset_minutes = 60
};

/* Builds into `out` and checks what holds for every message. */
static void
build(const struct mail *m, struct buf *out)
{
	struct error e = { 0 };
	size_t col = 0;

	if (mime_build(m, out, &e) == -1)
		fprintf(stderr, "refused: %s\n", e.text);
	assert(out->len > 0 && out->len == strlen(out->data));
	for (size_t i = 0; i < out->len; i++) {
		char c = out->data[i];

		assert(c > 0 && c < 0x7f);
		assert(c >= ' ' || c == '\r' || c == '\n' || c == '\t');
		if (c == '\n')
			assert(i > 0 && out->data[i - 1] == '\r');
		if (c == '\r')
			assert(out->data[i + 1] == '\n');
		col = c == '\n' ? 0 : col + 1;
		assert(col <= 999);
	}
	assert(col == 0);
}

static void
expect(const struct mail *m, const char *want)
{
	struct buf out = BUF_INIT(MAX);

	build(m, &out);
	if (strcmp(out.data, want) != 0)
		fprintf(stderr, "got:\n%s\nwant:\n%s\n", out.data, want);
	assert(strcmp(out.data, want) == 0);
	buf_release(&out);
}

/* `part` occurs in the message. */
static void
expect_part(const struct mail *m, const char *part)
{
	struct buf out = BUF_INIT(MAX);

	build(m, &out);
	if (strstr(out.data, part) == NULL)
		fprintf(stderr, "got:\n%s\nwant:\n%s\n", out.data, part);
	assert(strstr(out.data, part) != NULL);
	buf_release(&out);
}

/* Refused, and the reason begins with `why`. */
static void
refuse(const struct mail *m, const char *why)
{
	struct buf out = BUF_INIT(MAX);
	struct error e = { 0 };

	buf_str(&out, "left over");
	if (mime_build(m, &out, &e) != -1)
		fprintf(stderr, "not refused, %s:\n%s\n", why, out.data);
	if (strncmp(e.text, why, strlen(why)) != 0)
		fprintf(stderr, "got: %s\nwant: %s\n", e.text, why);
	assert(e.status == EX_DATAERR);
	assert(strncmp(e.text, why, strlen(why)) == 0);
	assert(out.len == 0 && out.data[0] == '\0');
	buf_release(&out);
}

static void
golden_text(void)
{
	expect(&plain,
	    "From: =?UTF-8?Q?Cl=C3=ADnica?= <citas@clinic.example>\r\n"
	    "To: maria@example.org\r\n"
	    "Subject: Tu cita\r\n"
	    "Date: Mon, 23 Nov 2026 09:00:00 +0100\r\n"
	    "Message-ID: <appointment-42.r1/1@clinic.example>\r\n"
	    "MIME-Version: 1.0\r\n"
	    "X-Omni-ID: appointment-42.r1/1\r\n"
	    "Content-Type: text/plain; charset=UTF-8\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n"
	    "\r\n"
	    "Hola\r\n");
}

static void
golden_all(void)
{
	struct value *headers = value_new_object();
	struct mail m = plain;

	value_set_string(headers, "X-Entity", "appointment  42");
	value_set_string(headers, "List-Unsubscribe-Post",
	    "List-Unsubscribe=One-Click");
	m.headers = headers;
	m.reply_to = "respuestas+42@clinic.example";
	m.to_name = "Pérez, María";
	m.html = "<p>Cita mañana</p>";
	m.language = "es";
	m.automatic = "auto-generated";
	m.in_reply_to = "abc@example.org";
	m.domain = "mail.clinic.example";
	m.utc_offset_minutes = -(3 * 60 + 30);
	expect(&m,
	    "From: =?UTF-8?Q?Cl=C3=ADnica?= <citas@clinic.example>\r\n"
	    "To: =?UTF-8?B?UMOpcmV6LCBNYXLDrWE=?= <maria@example.org>\r\n"
	    "Reply-To: respuestas+42@clinic.example\r\n"
	    "Subject: Tu cita\r\n"
	    "Date: Mon, 23 Nov 2026 04:30:00 -0330\r\n"
	    "Message-ID: <appointment-42.r1/1@mail.clinic.example>\r\n"
	    "In-Reply-To: <abc@example.org>\r\n"
	    "References: <abc@example.org>\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply\r\n"
	    "Content-Language: es\r\n"
	    "X-Omni-ID: appointment-42.r1/1\r\n"
	    "X-Entity: appointment  42\r\n"
	    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
	    "Content-Type: multipart/alternative;\r\n"
	    " boundary=\"omni-a-ddb4ada5873e05cd7cd624c5590ac082\"\r\n"
	    "\r\n"
	    "--omni-a-ddb4ada5873e05cd7cd624c5590ac082\r\n"
	    "Content-Type: text/plain; charset=UTF-8\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n"
	    "\r\n"
	    "Hola\r\n"
	    "\r\n"
	    "--omni-a-ddb4ada5873e05cd7cd624c5590ac082\r\n"
	    "Content-Type: text/html; charset=UTF-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n"
	    "\r\n"
	    "<p>Cita ma=C3=B1ana</p>\r\n"
	    "--omni-a-ddb4ada5873e05cd7cd624c5590ac082--\r\n");
	value_free(headers);
}

/* The same mail gives the same bytes, whatever the attempt. */
static void
determinism(void)
{
	struct buf a = BUF_INIT(MAX), b = BUF_INIT(MAX);
	struct mail m = plain;

	m.html = "<p>Hola</p>";
	build(&m, &a);
	m.attempt = 2;
	build(&m, &b);
	assert(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
	m.html = "<p>Adiós</p>";
	build(&m, &b);
	assert(strstr(b.data, strstr(a.data, "boundary=")) == NULL);
	buf_release(&a);
	buf_release(&b);
}

/* No line of the header goes beyond 76 columns, no word is cut in a letter. */
static void
check_folds(const char *subject)
{
	struct buf out = BUF_INIT(MAX);
	struct mail m = plain;
	const char *p;

	m.subject = subject;
	build(&m, &out);
	p = strstr(out.data, "Subject:");
	while (strncmp(p, "Date:", 5) != 0) {
		size_t len = strcspn(p, "\r");

		assert(len <= 76 && len > 1);
		p += len + 2;
	}
	buf_release(&out);
}

static void
folding(void)
{
	char s[160];
	struct mail m = plain;

	m.subject = "Recordatorio: tu cita con la doctora María Ángeles "
	    "López será el próximo miércoles a las 10:30 😀🦷 ¡te esperamos!";
	expect_part(&m,
	    "Subject: Recordatorio: tu cita con la doctora "
	    "=?UTF-8?B?TWFyw61hIMOBbmdl?=\r\n"
	    " =?UTF-8?B?bGVzIEzDs3BleiBzZXLDoQ==?= el "
	    "=?UTF-8?Q?pr=C3=B3ximo_mi=C3=A9rc?=\r\n"
	    " =?UTF-8?Q?oles?= a las 10:30 "
	    "=?UTF-8?B?8J+YgPCfprcgwqF0ZQ==?= esperamos!\r\n");
	/* Every place of an emoji relative to the end of an encoded word. */
	for (int n = 0; n < 90; n++) {
		snprintf(s, sizeof(s), "ñ%.*s😀😀🦷 fin", n,
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
		check_folds(s);
		snprintf(s, sizeof(s), "%.*s 😀😀😀😀😀😀😀😀😀😀😀😀", n,
		    "una cita una cita una cita una cita una cita una "
		    "cita una cita una cita una cita una cita una cita ");
		check_folds(s);
	}
	check_folds(A75 A75 " fin");
	check_folds("uno " A75 A75);
	m.subject = " dos  espacios ";
	expect_part(&m, "Subject: =?UTF-8?Q?_dos__espacios_?=\r\n");
	m.subject = "uno dos  tres";
	expect_part(&m, "Subject: =?UTF-8?Q?uno_dos__tres?=\r\n");
	m.subject = "=?UTF-8?Q?no?=";
	expect_part(&m, "Subject: =?UTF-8?B?PT9VVEYtOD9RP25vPz0=?=\r\n");
	m.subject = "Привет";
	expect_part(&m, "Subject: =?UTF-8?B?0J/RgNC40LLQtdGC?=\r\n");
	m.subject = NULL;
	expect_part(&m, "To: maria@example.org\r\nDate: ");
}

static void
display_names(void)
{
	struct mail m = plain;

	m.to_name = "Juan Perez";
	expect_part(&m, "To: Juan Perez <maria@example.org>\r\n");
	m.to_name = "  Juan ";
	expect_part(&m, "To: Juan <maria@example.org>\r\n");
	m.to_name = "Perez, Juan";
	expect_part(&m, "To: \"Perez, Juan\" <maria@example.org>\r\n");
	m.to_name = "Juan \"El\\\" Perez";
	expect_part(&m, "To: \"Juan \\\"El\\\\\\\" Perez\" <maria@");
	m.to_name = "=?UTF-8?Q?x?=";
	expect_part(&m, "To: =?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?= <maria@");
	m.to_name = "Muñoz Gil Ana Maria, Luisa";
	expect_part(&m, "To: =?UTF-8?Q?Mu=C3=B1oz_Gil_Ana_Maria=2C_Luisa?= ");
	m.to_name = "Long, " A75;
	expect_part(&m, "To: =?UTF-8?Q?Long=2C_aaa");
	m.to_name = "a@b, c <x@example.org>";
	expect_part(&m, "To: \"a@b, c <x@example.org>\" <maria@example.org>");
	m.to_name = "";
	expect_part(&m, "To: maria@example.org\r\n");
	m.from = "\"Clinic, \\\"Sol\\\"\" <citas@clinic.example>";
	expect_part(&m, "From: \"Clinic, \\\"Sol\\\"\" <citas@");
	m.from = "citas@clinic.example";
	expect_part(&m, "From: citas@clinic.example\r\n");
	m.from = "<citas@clinic.example>";
	expect_part(&m, "From: citas@clinic.example\r\n");
	m.from = "citas@clínica.example";
	expect_part(&m, "From: citas@xn--clnica-4va.example\r\n");
	expect_part(&m, "42.r1/1@xn--clnica-4va.example>\r\n");
}

static void
bad_addresses(void)
{
	static const char *const to[] = {
		"", "maria", "maria@", "@example.org", "a@b@example.org",
		"a@example.org, b@example.org", "<a@example.org>",
		"a@example.org\r\nBcc: x@example.org", "a@example.org\n",
		"a b@example.org", "\"a b\"@example.org", "a@example.org>",
		"a@exa\xffmple.org", "a@-example.org", "a@example-.org",
		"a@example..org", "a@example.org.", ".a@example.org",
		"a..b@example.org", "a(b)@example.org", "a@[192.0.2.1]",
		"a@example.org\x7f", "a@e\xc2\x85.example", "a;b@example.org",
		"a@é;.example", "a@℀.example", "a@é℀.example",
		"a@exam\xef\xbc\xa0ple.org", "Mar\xed" "a@example.org"
	};
	struct mail m = plain;

	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		m.to = to[i];
		refuse(&m, "to: ");
	}
	m.to = NULL;
	refuse(&m, "to: missing");
}

/* The plain mail with another value in one member is refused. */
#define REFUSE(member, other, why) do {		\
	struct mail changed = plain;		\
						\
	changed.member = (other);		\
	refuse(&changed, why);			\
} while (0)

static void
injection(void)
{
	static const char *const evil[] = {
		"x\r\nBcc: evil@example.org", "x\nBcc: evil@example.org",
		"x\rBcc: evil@example.org", "x\ty", "x\x1b[0m", "x\x7f",
		"x\xc2\x85y", "x\xff", "x\xed\xa0\x80", "x\n", "\r\n\r\nbody"
	};
	char from[100];

	for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
		REFUSE(subject, evil[i], "subject: ");
		REFUSE(to_name, evil[i], "to_name: ");
		REFUSE(language, evil[i], "language: ");
		REFUSE(domain, evil[i], "domain: ");
		REFUSE(reply_to, evil[i], "reply_to: ");
		REFUSE(in_reply_to, evil[i], "in_reply_to: ");
		REFUSE(envelope_from, evil[i], "envelope_from: ");
		snprintf(from, sizeof(from), "%s <a@b.example>", evil[i]);
		REFUSE(from, from, "from: ");
		snprintf(from, sizeof(from), "A <a@b.example%s>", evil[i]);
		REFUSE(from, from, "from: ");
	}
	REFUSE(from, "A <a@clinic.example> b", "from: does not end");
	REFUSE(from, "\"A <a@clinic.example>", "from: quotes");
	REFUSE(from, "\"A\" B\" <a@clinic.example>", "from: quotes");
	REFUSE(in_reply_to, "<a@b> <c@d>", "in_reply_to: ");
}

static void
bad_members(void)
{
	struct mail m = plain;

	REFUSE(from, NULL, "from: missing");
	REFUSE(id, NULL, "id: missing");
	REFUSE(id, "", "id: missing");
	REFUSE(text, "\xc3", "text: not UTF-8");
	REFUSE(html, "\xc3", "html: not UTF-8");
	REFUSE(date, INT64_MAX, "date: ");
	REFUSE(date, INT64_MIN, "date: ");
	REFUSE(utc_offset_minutes, 1440, "date: ");
	m.envelope_from = "bounce+42@clinic.example";
	expect_part(&m, "Subject: Tu cita\r\n");
	m.subject = "";
	expect_part(&m, "To: maria@example.org\r\nDate: ");
	m.text = NULL;
	refuse(&m, "text: empty");
}

static void
refuse_header(const char *name, const char *value, const char *why)
{
	struct value *headers = value_new_object();
	struct mail m = plain;

	value_set_string(headers, name, value);
	m.headers = headers;
	m.automatic = "auto-generated";
	m.in_reply_to = "a@b";
	refuse(&m, why);
	value_free(headers);
}

static void
extra_headers(void)
{
	static const char *const names[] = {
		"From", "to", "DATE", "Message-Id", "Mime-Version",
		"Content-Type", "content-x", "Subject", "bcc", "Cc", "Sender",
		"Return-Path", "Received", "Reply-To", "Resent-To",
		"X-Omni-ID", "Auto-Submitted", "In-Reply-To", "References"
	};
	struct value *headers = value_new_object();
	struct mail m = plain;
	char word[1000];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		refuse_header(names[i], "x", "headers.");
	refuse_header("", "x", "headers: bad name");
	refuse_header("X Y", "x", "headers: bad name");
	refuse_header("X:Y", "x", "headers: bad name");
	refuse_header("X\r\nBcc", "x", "headers: bad name");
	refuse_header("X-Ñ", "x", "headers: bad name");
	refuse_header("X-A", "b\r\nBcc: c@example.org", "headers.X-A: control");
	refuse_header("X-A", "", "headers.X-A: empty");
	memset(word, 'a', sizeof(word));
	word[sizeof(word) - 1] = '\0';
	refuse_header("X-A", word, "headers.X-A: word longer");
	value_set_integer(headers, "X-A", 1);
	m.headers = headers;
	refuse(&m, "headers.X-A: not a string");
	value_set_string(headers, "X-A", "niño");
	value_set_string(headers, "Auto-Submitted", "auto-replied");
	expect_part(&m, "X-A: =?UTF-8?B?bmnDsW8=?=\r\n"
	    "Auto-Submitted: auto-replied\r\n");
	value_free(headers);
}

static void
addresses(void)
{
	char longest[300];

	assert(mime_address_is_safe("a@b"));
	assert(mime_address_is_safe("maria.perez+cita=1@mail.example.org"));
	assert(mime_address_is_safe("o'hara@example.org"));
	assert(mime_address_is_safe("citas@clínica.example"));
	assert(!mime_address_is_safe(NULL));
	assert(!mime_address_is_safe("b@example.net>\r\nRCPT TO:<e@e.org"));
	assert(!mime_address_is_safe("a\\b@example.net"));
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "a@", 2);
	longest[254] = '\0';
	assert(mime_address_is_safe(longest));
	longest[254] = 'a';
	longest[255] = '\0';
	assert(!mime_address_is_safe(longest));
}

static void
id_is(const char *id, const char *want)
{
	char out[512];

	assert(mime_message_id(id, "d.example", out, sizeof(out)) == out);
	if (strcmp(out, want) != 0)
		fprintf(stderr, "got %s, want %s\n", out, want);
	assert(strcmp(out, want) == 0);
}

static void
message_ids(void)
{
	char id[300], out[512], again[512];

	id_is("appointment-42.r1/1", "<appointment-42.r1/1@d.example>");
	id_is("aB", "<aB@d.example>");
	id_is("a b", "<a=20b@d.example>");
	id_is("a=20b", "<a=3D20b@d.example>");
	id_is("a@b>c", "<a=40b=3Ec@d.example>");
	id_is("ñ\xff", "<=C3=B1=FF@d.example>");
	id_is(".", "<=2E@d.example>");
	id_is(".a.", "<=2Ea=2E@d.example>");
	id_is("a..b", "<a.=2Eb@d.example>");
	id_is("a...b", "<a.=2E=2Eb@d.example>");
	id_is("a.b", "<a.b@d.example>");
	id_is("a\r\nBcc: x", "<a=0D=0ABcc=3A=20x@d.example>");
	id_is("sha256-ab", "<=73ha256-ab@d.example>");
	memset(id, 'x', sizeof(id));
	id[200] = '\0';
	assert(mime_message_id(id, "d.example", out, sizeof(out)) != NULL);
	assert(strncmp(out, "<xxx", 4) == 0 && strlen(out) == 212);
	id[200] = 'x';
	id[201] = '\0';
	assert(mime_message_id(id, "d.example", out, sizeof(out)) != NULL);
	assert(strncmp(out, "<sha256-", 8) == 0 && strlen(out) == 83);
	id[200] = 'y';
	assert(mime_message_id(id, "d.example", again, sizeof(again)) != NULL);
	assert(strcmp(out, again) != 0);
	assert(mime_message_id("", "d.example", out, sizeof(out)) == NULL);
	assert(mime_message_id("a", "", out, sizeof(out)) == NULL);
	assert(mime_message_id("a", "b>c", out, sizeof(out)) == NULL);
	assert(mime_message_id("a", "niño.example", out, sizeof(out)) == NULL);
	assert(mime_message_id("a", "b", out, 5) == NULL);
	assert(mime_message_id("a", "b", out, 6) == out);
}

/* All short ids over the bytes that matter: no two meet. */
static void
message_ids_are_injective(void)
{
	static const char set[] = ".=2Ea@";
	static char seen[6 * 6 * 6 * 6 * 6 + 6][64];
	size_t count = 0;

	for (int len = 1; len <= 4; len++) {
		int total = 1;

		for (int i = 0; i < len; i++)
			total *= 6;
		for (int n = 0; n < total; n++) {
			char id[8] = "";

			for (int i = 0, rest = n; i < len; i++, rest /= 6)
				id[i] = set[rest % 6];
			assert(mime_message_id(id, "d", seen[count], 64) !=
			    NULL);
			for (size_t i = 0; i < count; i++)
				assert(strcmp(seen[i], seen[count]) != 0);
			count++;
		}
	}
}

static void
odd_ids(void)
{
	struct mail m = plain;
	struct buf out = BUF_INIT(MAX);

	m.id = "cita 42\r\nBcc: evil@example.org";
	build(&m, &out);
	assert(strstr(out.data, "X-Omni-ID") == NULL);
	assert(strstr(out.data, "\nBcc") == NULL);
	m.id = A75 A75;
	build(&m, &out);
	assert(strstr(out.data, "\nMessage-ID: <" A75 A75 "@clinic") != NULL);
	buf_release(&out);
}

static void
size_limit(void)
{
	struct buf out = BUF_INIT(MAX);
	struct mail m = plain;
	struct error e;
	size_t len;

	for (int html = 0; html < 2; html++) {
		m.html = html ? "<p>Hola</p>" : NULL;
		build(&m, &out);
		len = out.len;
		out.max = len;
		build(&m, &out);
		for (out.max = 0; out.max < len; out.max++) {
			assert(mime_build(&m, &out, &e) == -1);
			assert(e.status == EX_DATAERR && out.len == 0);
			assert(strncmp(e.text, "message: larger", 15) == 0);
		}
		out.max = MAX;
	}
	buf_release(&out);
}

/* `text` alone comes out as `want`. */
static void
body_is(const char *text, const char *encoding, const char *want)
{
	struct buf out = BUF_INIT(MAX), tail = BUF_INIT(MAX);
	struct mail m = plain;
	const char *got;

	m.text = text;
	build(&m, &out);
	buf_printf(&tail, "Encoding: %s\r\n\r\n%s", encoding, want);
	got = strstr(out.data, "Encoding: ");
	if (strcmp(got, tail.data) != 0)
		fprintf(stderr, "got:\n%s\nwant:\n%s\n", got, tail.data);
	assert(strcmp(got, tail.data) == 0);
	buf_release(&out);
	buf_release(&tail);
}

static void
bodies(void)
{
	static const char qp[] = "quoted-printable";

	body_is("", "7bit", "");
	body_is("a", "7bit", "a\r\n");
	body_is("a\nb\rc\r\n\r\n\n\r", "7bit",
	    "a\r\nb\r\nc\r\n\r\n\r\n\r\n");
	body_is(".\n..\n", "7bit", ".\r\n..\r\n");
	body_is("a\tb\n", "7bit", "a\tb\r\n");
	body_is(A75 "bcd\n", "7bit", A75 "bcd\r\n");
	body_is(A75 "bcde\n", qp, A75 "=\r\nbcde\r\n");
	body_is("a \nb\t\nc ", qp, "a=20\r\nb=09\r\nc=20\r\n");
	body_is("From here\n>From\n", qp, "=46rom here\r\n>From\r\n");
	body_is("a From b\nFrom\n", "7bit", "a From b\r\nFrom\r\n");
	body_is("1=2", "7bit", "1=2\r\n");
	body_is("ñ = 1\n.\n", qp, "=C3=B1 =3D 1\r\n.\r\n");
	body_is("\x01\x7f\x1b", qp, "=01=7F=1B\r\n");
	/* 76 columns need no break before a line end, 77 do. */
	body_is("ñ\n" A75 "b\n", qp, "=C3=B1\r\n" A75 "b\r\n");
	body_is("ñ\n" A75 "bc\n", qp, "=C3=B1\r\n" A75 "=\r\nbc\r\n");
	body_is("ñ\n" A75 " \n", qp, "=C3=B1\r\n" A75 "=\r\n=20\r\n");
	/* A letter stays in one line; a soft break makes a new line start. */
	body_is(A75 "ñ\n", qp, A75 "=\r\n=C3=B1\r\n");
	body_is(A75 "From b c \n", qp, A75 "=\r\n=46rom b c=20\r\n");
}

int
main(void)
{
	golden_text();
	golden_all();
	determinism();
	folding();
	display_names();
	bad_addresses();
	injection();
	bad_members();
	extra_headers();
	addresses();
	message_ids();
	message_ids_are_injective();
	odd_ids();
	size_limit();
	bodies();
	return 0;
}
