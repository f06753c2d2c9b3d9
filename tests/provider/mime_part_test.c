/* What a mail is made of, to the byte: shells, file names, flowed text. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "provider/mime.h"

#define MAX	(4 * 1024 * 1024)
#define B(c)	"omni-" #c "-BOUNDARY"
#define TEN	"0123456789"
#define W23	"una cita que se repite "
#define W72	W23 W23 W23 "ya "

static const struct mail plain = {
	.id = "m1",
	.from = "citas@clinic.example",
	.to = "maria@example.org",
	.subject = "Tu cita",
	.text = "Hola",
	.date = 1795420800
};

static const struct attachment pdf = { .data = "aGkh", .filename = "a.pdf",
	.type = "application/pdf" };
static const struct attachment logo = { .data = "aGkh", .cid = "logo",
	.type = "image/png" };
static const struct attachment invite = { .data = "aGkh",
	.filename = "cita.ics", .type = "text/calendar",
	.method = "REQUEST" };

/* All below the headers, with the digest of the boundaries by that name. */
static void
build(const struct mail *m, struct buf *out)
{
	struct buf raw = BUF_INIT(MAX);
	struct error e = { 0 };
	const char *p, *at;
	char digest[33] = "none";

	if (mime_build(m, &raw, &e) == -1)
		fprintf(stderr, "refused: %s\n", e.text);
	assert(raw.len > 0);
	p = strstr(raw.data, "Content-Type:");
	at = strstr(p, "boundary=\"omni-");
	if (at != NULL)
		snprintf(digest, sizeof(digest), "%.32s", at + 17);
	buf_clear(out);
	while (at != NULL && (at = strstr(p, digest)) != NULL) {
		buf_add(out, p, (size_t)(at - p));
		buf_str(out, "BOUNDARY");
		p = at + 32;
	}
	buf_str(out, p);
	buf_release(&raw);
}

static void
expect(const struct mail *m, const char *want)
{
	struct buf out = BUF_INIT(MAX);

	build(m, &out);
	if (strcmp(buf_text(&out), want) != 0)
		fprintf(stderr, "got:\n%s\nwant:\n%s\n", buf_text(&out), want);
	assert(strcmp(buf_text(&out), want) == 0);
	buf_release(&out);
}

static void
refuse(const struct attachment *a, const char *html, const char *why)
{
	struct buf out = BUF_INIT(MAX);
	struct mail m = plain;
	struct error e = { 0 };

	m.attachments = a;
	m.attachment_count = 1;
	m.html = html;
	assert(mime_build(&m, &out, &e) == -1 && out.len == 0);
	if (strcmp(e.text, why) != 0)
		fprintf(stderr, "got: %s\nwant: %s\n", e.text, why);
	assert(strcmp(e.text, why) == 0 && e.status == EX_DATAERR);
	buf_release(&out);
}

#define TEXT "Content-Type: text/plain; charset=UTF-8\r\n" \
	"Content-Transfer-Encoding: 7bit\r\n\r\nHola"
#define HTML(s) "Content-Type: text/html; charset=UTF-8\r\n" \
	"Content-Transfer-Encoding: 7bit\r\n\r\n" s
#define SHELL(c, type) "Content-Type: multipart/" type ";\r\n boundary=\"" \
	B(c) "\"\r\n\r\n--" B(c) "\r\n"
#define NEXT(c) "\r\n--" B(c) "\r\n"
#define END(c) "\r\n--" B(c) "--"
#define PDF "Content-Type: application/pdf;\r\n name=\"a.pdf\"\r\n" \
	"Content-Disposition: attachment;\r\n filename=\"a.pdf\"\r\n" \
	"Content-Transfer-Encoding: base64\r\n\r\naGkh"
#define LOGO(how, id) "Content-Type: image/png\r\n" \
	"Content-Disposition: " how "\r\nContent-ID: <" id ">\r\n" \
	"Content-Transfer-Encoding: base64\r\n\r\naGkh"
#define INVITE "Content-Type: text/calendar; charset=UTF-8; " \
	"method=REQUEST;\r\n name=\"cita.ics\"\r\n" \
	"Content-Transfer-Encoding: base64\r\n\r\naGkh"
#define CID "logo.ca0df2c95aa144c1@clinic.example"

static void
shells(void)
{
	struct attachment all[3];
	struct mail m = plain;

	m.attachments = &pdf;
	m.attachment_count = 1;
	expect(&m, SHELL(m, "mixed") TEXT NEXT(m) PDF END(m) "\r\n");
	m.html = "<p>";
	expect(&m, SHELL(m, "mixed") SHELL(a, "alternative") TEXT NEXT(a)
	    HTML("<p>") END(a) NEXT(m) PDF END(m) "\r\n");
	m.text = "";
	expect(&m, SHELL(m, "mixed") HTML("<p>") NEXT(m) PDF END(m) "\r\n");
	m.attachment_count = 0;
	expect(&m, HTML("<p>") "\r\n");
	m.text = "Hola";
	m.attachments = &invite;
	m.attachment_count = 1;
	expect(&m, SHELL(a, "alternative") TEXT NEXT(a) HTML("<p>") NEXT(a)
	    INVITE END(a) "\r\n");
	all[0] = invite;
	all[1] = logo;
	all[2] = pdf;
	m.attachments = all;
	m.attachment_count = 3;
	m.html = "<img src='cid:logo'>";
	expect(&m, SHELL(m, "mixed") SHELL(a, "alternative") TEXT NEXT(a)
	    SHELL(r, "related; type=\"text/html\"")
	    HTML("<img src='cid:" CID "'>") NEXT(r) LOGO("inline", CID)
	    END(r) NEXT(a) INVITE END(a) NEXT(m) PDF END(m) "\r\n");
}

static void
pictures(void)
{
	struct attachment own = logo;
	struct mail m = plain;

	m.attachments = &own;
	m.attachment_count = 1;
	expect(&m, SHELL(m, "mixed") TEXT NEXT(m) LOGO("attachment", CID)
	    END(m) "\r\n");
	own.cid = "a@b.example";
	m.text = NULL;
	m.html = "<img src='cid:a@b.example'>";
	expect(&m, SHELL(r, "related; type=\"text/html\"")
	    HTML("<img src='cid:a@b.example'>") NEXT(r)
	    LOGO("inline", "a@b.example") END(r) "\r\n");
	refuse(&own, "<img src='cid:logo'>",
	    "html: shows cid:logo, which no attachment is");
	own.data = "?";
	refuse(&own, NULL, "attachments.0.data: not base 64");
	own.data = NULL;
	refuse(&own, NULL, "attachments.0: its content is not there");
}

/* The lines of `name` and `filename`, of a file of that name. */
static void
named(const char *filename, const char *want)
{
	struct attachment a = pdf;
	struct buf out = BUF_INIT(MAX), got = BUF_INIT(MAX);
	struct mail m = plain;
	const char *p, *end;

	a.filename = filename;
	m.attachments = &a;
	m.attachment_count = 1;
	build(&m, &out);
	p = strstr(buf_text(&out), "application/pdf;\r\n") + 18;
	end = strstr(p, "\r\nContent-Transfer");
	buf_add(&got, p, (size_t)(end - p));
	if (strcmp(buf_text(&got), want) != 0)
		fprintf(stderr, "got:\n%s\nwant:\n%s\n", buf_text(&got), want);
	assert(strcmp(buf_text(&got), want) == 0);
	buf_release(&out);
	buf_release(&got);
}

#define NAMED(ascii, rest) " name=\"" ascii "\"\r\n" \
	"Content-Disposition: attachment;\r\n " rest

static void
names(void)
{
	named("mi cita (1).pdf", NAMED("mi cita (1).pdf",
	    "filename=\"mi cita (1).pdf\""));
	named("cita mañana.ics", NAMED("cita manana.ics",
	    "filename*=UTF-8''cita%20ma%C3%B1ana.ics"));
	named("名前.pdf", NAMED("__.pdf",
	    "filename*=UTF-8''%E5%90%8D%E5%89%8D.pdf"));
	named("😀.pdf", NAMED("_.pdf", "filename*=UTF-8''%F0%9F%98%80.pdf"));
	named("a\"b%c'd.pdf", NAMED("a_b_c_d.pdf",
	    "filename*=UTF-8''a%22b%25c%27d.pdf"));
	named("\xcc\x81", NAMED("_", "filename*=UTF-8''%CC%81"));
	/* Cut between letters, and the end stays with the short form. */
	named(TEN TEN TEN TEN TEN TEN "ñ.pdf",
	    NAMED(TEN TEN TEN TEN TEN "012345.pdf",
	    "filename*0*=UTF-8''" TEN TEN TEN TEN TEN TEN ";\r\n"
	    " filename*1*=%C3%B1.pdf"));
	named("ñññññññññññ.pdf", NAMED("nnnnnnnnnnn.pdf",
	    "filename*0*=UTF-8''%C3%B1%C3%B1%C3%B1%C3%B1%C3%B1%C3%B1%C3%B1"
	    "%C3%B1%C3%B1%C3%B1;\r\n filename*1*=%C3%B1.pdf"));
	named(TEN TEN TEN TEN TEN "012345.pdf",
	    NAMED(TEN TEN TEN TEN TEN "012345.pdf",
	    "filename=\"" TEN TEN TEN TEN TEN "012345.pdf\""));
}

/* Of text beyond ASCII nothing is said that is not known. */
static void
types_of_text(void)
{
	static const struct { const char *data, *type; } tries[] = {
		{ "w7E=", "text/csv; charset=UTF-8;" },	/* ñ */
		{ "8Q==", "text/csv;" }			/* the same in Latin-1 */
	};
	struct attachment a = { .filename = "a.csv", .type = "text/csv" };
	struct buf out = BUF_INIT(MAX);
	struct mail m = plain;
	char want[100];

	m.attachments = &a;
	m.attachment_count = 1;
	for (size_t i = 0; i < 2; i++) {
		a.data = tries[i].data;
		build(&m, &out);
		snprintf(want, sizeof(want), "Content-Type: %s\r\n",
		    tries[i].type);
		assert(strstr(buf_text(&out), want) != NULL);
	}
	buf_release(&out);
}

/* The text/plain of `text`: "" when it is not flowed. */
static void
flows(const char *text, const char *want)
{
	static const char head[] = "Content-Type: text/plain; charset=UTF-8; "
	    "format=flowed\r\nContent-Transfer-Encoding: quoted-printable"
	    "\r\n\r\n";
	struct buf out = BUF_INIT(MAX);
	struct mail m = plain;
	const char *got;

	m.text = text;
	build(&m, &out);
	got = strncmp(buf_text(&out), head, strlen(head)) != 0 ? "" :
	    buf_text(&out) + strlen(head);
	if (strcmp(got, want) != 0)
		fprintf(stderr, "got:\n%s\nwant:\n%s\n", got, want);
	assert(strcmp(got, want) == 0);
	buf_release(&out);
}

static void
flowed(void)
{
	flows("Hola", "");
	flows(W72 "siete", "");			/* 77 */
	flows(W72 "y otra mas", W23 W23
	    "una cita que se repite ya=20\r\ny otra mas\r\n");
	/* Short lines stay, and what would mean something is stuffed. */
	flows("Hola Ana,\n" W72 "y otra mas\n uno\n>dos\nFrom tres\n-- \nSol",
	    "Hola Ana,\r\nuna cita que se repite una cita que se repite "
	    "una cita que se repite ya=20\r\ny otra mas\r\n  uno\r\n >dos\r\n"
	    " From tres\r\n--=20\r\nSol\r\n");
	/* One that ends in a space would be read as the next one's beginning. */
	flows("a \n" W72 "y otra mas", "");
	flows(W72 "y otra mas ", "");
	flows(W72 "y otra mas\n -- ", "");
	/* No line begins with what not all readers would unstuff. */
	flows("una cita que se repite una cita que se repite una cita que se "
	    "repite ya > mas y mas", "una cita que se repite una cita que se "
	    "repite una cita que se repite=20\r\nya > mas y mas\r\n");
	flows("una cita que se repite una cita que se repite una cita que se "
	    "repite From aqui hoy", "una cita que se repite una cita que se "
	    "repite una cita que se=20\r\nrepite From aqui hoy\r\n");
	/* Two spaces: only behind the last of them. */
	flows("una cita que se repite una cita que se repite una cita que se "
	    "repite  ya y mas aun", "una cita que se repite una cita que se "
	    "repite una cita que se repite =20\r\nya y mas aun\r\n");
	/* Columns are letters. */
	flows("ññññ ñññññññññ ñññññññññ ñññññññññ ñññññññññ ñññññññññ "
	    "ñññññññññ ñññññññ ñ", "");
}

/* A line of "-- " would be a signature: no break makes one. */
static void
no_signature(void)
{
	struct buf text = BUF_INIT(1000);

	buf_str(&text, "-- ");
	for (int i = 0; i < 9; i++)
		buf_str(&text, TEN);
	buf_str(&text, " fin");
	flows(buf_text(&text), "-- " TEN TEN TEN TEN TEN TEN TEN "01=\r\n"
	    "23456789" TEN "=20\r\nfin\r\n");
	buf_release(&text);
}

/* Up to the limit, and not beyond; nothing is left when it is too large. */
static void
limits(void)
{
	struct attachment a = pdf;
	struct buf data = BUF_INIT(MAX), out = BUF_INIT(MAX);
	struct mail m = plain;
	struct error e;
	size_t len;

	for (int i = 0; i < 100000; i++)
		buf_str(&data, "AAAA");
	a.data = buf_text(&data);
	m.attachments = &a;
	m.attachment_count = 1;
	assert(mime_build(&m, &out, &e) == 0);
	len = out.len;
	out.max = len;
	assert(mime_build(&m, &out, &e) == 0 && out.len == len);
	for (size_t max = 0; max < len; max += len / 97) {
		out.max = max;
		assert(mime_build(&m, &out, &e) == -1 && out.len == 0);
		assert(strncmp(e.text, "message: larger than ", 21) == 0);
	}
	buf_release(&data);
	buf_release(&out);
}

/* Whatever a text quotes of a mail before, no part ends early. */
static void
boundaries(void)
{
	struct buf out = BUF_INIT(MAX), again = BUF_INIT(MAX);
	struct mail m = plain;
	struct error e;
	char text[60];
	size_t ends = 0;

	m.html = "<p>";
	assert(mime_build(&m, &out, &e) == 0);
	snprintf(text, sizeof(text), "--%.39s--",
	    strstr(out.data, "boundary=\"") + 10);
	m.text = text;
	assert(mime_build(&m, &again, &e) == 0);
	for (const char *p = again.data; (p = strstr(p, text)) != NULL; p++)
		ends++;
	assert(ends == 1);
	buf_release(&out);
	buf_release(&again);
}

static void
beyond_ascii(void)
{
	struct buf out = BUF_INIT(MAX);
	struct mail m = plain;
	struct error e;
	char addr[MIME_ADDRESS];

	m.to = "josé.muñoz@clínica.example";
	m.to_name = "José";
	assert(mime_build(&m, &out, &e) == 0);
	assert(strstr(out.data, "\nTo: =?UTF-8?B?Sm9zw6k=?= "
	    "<josé.muñoz@xn--clnica-4va.example>\r\n") != NULL);
	assert(mime_address("to", m.to, addr, &e) == 0);
	assert(strcmp(addr, "josé.muñoz@xn--clnica-4va.example") == 0);
	assert(mime_address("to", "a@b\nc", addr, &e) == -1);
	buf_release(&out);
}

int
main(void)
{
	shells();
	pictures();
	names();
	types_of_text();
	flowed();
	no_signature();
	limits();
	boundaries();
	beyond_ascii();
	return 0;
}
