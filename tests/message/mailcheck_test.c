#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/mailcheck_impl.h"

/* All codes that were found, each with a blank behind it. */
static char codes[4096], last[MAIL_FINDING_MAX];

static void
on_found(void *ctx, const struct mail_finding *f)
{
	assert(ctx == codes);
	assert(f->text[0] != '\0' && f->field[0] != '\0');
	snprintf(codes + strlen(codes), sizeof(codes) - strlen(codes), "%s ",
	    f->code);
	snprintf(last, sizeof(last), "%s", f->text);
}

static const struct mail_report report = { on_found, codes };

static void
expect(const char *want)
{
	if (strcmp(codes, want) != 0)
		fprintf(stderr, "found \"%s\", not \"%s\": %s\n", codes, want,
		    last);
	assert(strcmp(codes, want) == 0);
	codes[0] = '\0';
}

static void
parts(const char *text, const char *html, const char *want)
{
	const struct mail_content m = { .subject = "Su cita", .text = text,
	    .html = html, .class = "transactional" };

	mail_check(&m, &report);
	expect(want);
}

/* What HTML shows. */
static void
shows(const char *html, const char *want)
{
	struct arena mem = ARENA_INIT(1 << 20);
	struct mail_page page;

	mail_page_read(html, &page, &mem);
	if (strcmp(buf_text(&page.text), want) != 0)
		fprintf(stderr, "shows \"%s\", not \"%s\"\n",
		    buf_text(&page.text), want);
	assert(strcmp(buf_text(&page.text), want) == 0);
	buf_release(&page.text);
	arena_release(&mem);
}

static void
page_text(void)
{
	shows("", "");
	shows("Hola", "Hola");
	shows("<p>a</p><p>b</p>", "a\nb\n");
	shows("a<br>b<br/>c", "a\nb\nc");
	shows("<td>a</td><td>b</td>", "a\nb\n");
	shows("a  \n\t b", "a b");
	shows("<b>a</b>b <i>c</i>", "ab c");
	shows("&aacute;&#225;&#xE1;&ntilde;&nbsp;&lt;&amp;lt;",
	    "\xc3\xa1\xc3\xa1\xc3\xa1\xc3\xb1 <&lt;");
}

static void
page_odd(void)
{
	shows("&nothing; & &;&#0;&#xD800;&#x110000;",
	    "&nothing; & &;&#0;&#xD800;&#x110000;");
	shows("&#x1F600;", "\xf0\x9f\x98\x80");
	shows("<!-- a --><!doctype html><?xml?>b", "b");
	shows("<!-- a", "");
	shows("a < b", "a < b");
	shows("a <", "a <");
	shows("<", "<");
	shows("</", "</");
	shows("<a", "");
	shows("<a href=", "");
	shows("<a href=\"x", "");
	shows("<a href='x'>y</a>", "y");
	shows("<title>t</title><style>p{}</style><script>x<y</script>z", "z");
	shows("<script>x", "");
	shows("<p =x 'y' / z>a</p>", "a\n");
}

static void
page_hidden(void)
{
	shows("<div style=\"display:none\">a<div>b</div>c</div>d", "d");
	shows("<div style='color: red; DISPLAY : NONE'>a</div>d", "d");
	shows("<span hidden>a</span>d", "d");
	shows("<br hidden>d", "d");
	shows("<div hidden/>d", "");
	shows("<div style=\"display:none\">a", "");
}

static void
page_links(void)
{
	struct arena mem = ARENA_INIT(1 << 20);
	struct mail_page page;

	mail_page_read("<a href='https://a.mx/?x=1&amp;y=2'>uno <b>dos</b></a>"
	    "<a name=x>no link</a><a href=b>c<a href=\"d\">e</a>"
	    "<img src=http://a.mx/i.png><img alt src='data:x'>", &page, &mem);
	assert(strcmp(page.links->href, "https://a.mx/?x=1&y=2") == 0);
	assert(strcmp(page.links->label, "uno dos") == 0);
	assert(strcmp(page.links->next->href, "b") == 0);
	assert(strcmp(page.links->next->label, "c") == 0);
	assert(strcmp(page.links->next->next->label, "e") == 0);
	assert(page.links->next->next->next == NULL);
	assert(page.images == 2 && page.images_without_alt == 1 &&
	    page.images_embedded == 1);
	assert(strcmp(page.plain_image, "http://a.mx/i.png") == 0);
	buf_release(&page.text);
	arena_release(&mem);
}

static void
hosts(void)
{
	static const struct {
		const char *url, *host;
	} rows[] = {
		{ "https://A.mx/b", "a.mx" }, { "http://a.mx:80", "a.mx" },
		{ "https://u:p@a.mx?q", "a.mx" }, { "https://a.mx#f", "a.mx" },
		{ "https://[::1]:8080/", "[::1]" }, { "mailto:a@b.mx", "" },
		{ "https://", "" }, { "https://[", "[" }, { "", "" }
	};
	char host[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mail_host_of(rows[i].url, host, sizeof(host));
		assert(strcmp(host, rows[i].host) == 0);
	}
}

/* Numbers that are written in another way, and others. */
static void
numbers(void)
{
	parts("a las 10:30", "<p lang='es'>a las 10:30</p>", "");
	parts("a las 10.30", "<p>a las 10:30</p>", "");
	parts("a las 10:30", "<p>a las 10:31</p>",
	    "parts_number parts_number ");
	parts("10:30 AM", "<p>10:30 PM</p>", "parts_number parts_number ");
	parts("10:30 a.\xc2\xa0m.", "<p>10:30 AM</p>", "");
	parts("10:30 a.\xe2\x80\xafm.", "<p>10:30 am</p>", "");
	parts("10:30 a menudo", "<p>10:30 a menudo</p>", "");
	parts("el 2026-11-24 10:30", "<td>2026-11-24</td><td>10:30</td>", "");
	parts("el 24/11/2026", "<p>el 25/11/2026</p>",
	    "parts_number parts_number ");
	parts("$1,350.00", "<p>$1.350,00</p>", "");
	parts("$1,350.00", "<p>$1,530.00</p>", "parts_number parts_number ");
	parts("Hola", "<p>Hola <b>7</b></p>", "parts_number ");
	parts("+52 55 5000 0000", "<p>(55) 5000-0000</p>", "");
	parts("+52 55 5000 0000", "<p>55 5000 0001</p>",
	    "parts_number parts_number ");
	assert(strstr(last, "5550000001 is not in text") != NULL);
	/* A part of the number that is met elsewhere makes it no other. */
	parts("55 casas, 5000 gatos", "<p>55 casas, 5000 gatos y "
	    "+52 55 5000 0000</p>", "parts_number ");
}

static void
number_lists(void)
{
	parts("1. uno\n2) dos\n", "<ol><li>uno</li><li>dos</li></ol>", "");
	parts("100. uno\n", "<p>uno</p>", "parts_number ");
	parts("1 y 2 y 3 y 4 y 5 y 6 y 7", "<p>a</p>",
	    "parts_number parts_number parts_number parts_number "
	    "parts_number parts_number ");
	assert(strcmp(last, "2 further numbers are not in html") == 0);
}

static void
others(void)
{
	parts("https://a.mx/", "<a href='https://a.mx'>x</a>", "");
	parts("Vea https://a.mx/x.", "<a href='https://a.mx/x'>x</a>", "");
	parts("x", "<a href='https://a.mx'>https://a.mx</a>", "parts_link ");
	parts("SU CITA ES HOY A LAS DIEZ Y MEDIA CON LA DOCTORA GARC\xc3\x8d"
	    "A PARA LUNA Y MAX MA\xc3\x91" "ANA", "<p>su cita es hoy a las "
	    "diez y media con la doctora garc\xc3\xad" "a para luna y max "
	    "ma\xc3\xb1" "ana</p>", "");
}

static void
message(const char *start, char fill, size_t count, const char *end,
    const char *want)
{
	size_t len = strlen(start) + count + strlen(end);
	char *text = malloc(len + 1);
	struct mail_content m = { .subject = "Su cita", .text = "Hola",
	    .message = text, .len = len };

	assert(text != NULL);
	memcpy(text, start, strlen(start));
	memset(text + strlen(start), fill, count);
	memcpy(text + strlen(start) + count, end, strlen(end) + 1);
	mail_check(&m, &report);
	expect(want);
	free(text);
}

/* As it goes out: lines, size, characters. */
static void
messages(void)
{
	message("A: b\r\n\r\n", 'x', 998, "\r\n", "");
	message("A: b\r\n\r\n", 'x', 999, "\r\n", "line_long ");
	message("A: b\r\n\r\n", 'x', 999, "", "line_long ");
	message("A: ", 'x', 995, "\r\n\r\nb", "");
	message("A: ", 'x', 996, "\r\n\r\nb", "line_long ");
	message("A: b\r\n\r\n", '\n', MAIL_TOO_LARGE - 8, "", "");
	message("A: b\r\n\r\n", '\n', MAIL_TOO_LARGE - 7, "", "too_large ");
	message("A: b\r\n\r\n\xff\r\n", 'x', 1, "", "not_utf8 ");
}

static void
senders(void)
{
	mail_check_sender("a@b.mx", NULL, &report);
	mail_check_sender("Ana <a@b.mx>", "Eva <e@b.mx>", &report);
	mail_check_sender("\"a@b.mx\" <A@b.mx>", NULL, &report);
	mail_check_sender("Citas @ Roma <a@b.mx>", NULL, &report);
	mail_check_sender("Noria <noria@b.mx>", NULL, &report);
	expect("");
	mail_check_sender("\"x@y.mx\" <a@b.mx>", NULL, &report);
	mail_check_sender("Ana (x@y.mx) <a@b.mx>", "z@y.mx <a@b.mx>",
	    &report);
	expect("name_address name_address name_address ");
	mail_check_sender("No-Reply <No-Reply@b.mx>", NULL, &report);
	mail_check_sender("no.responder+1@b.mx", "do_not_reply@b.mx",
	    &report);
	expect("no_reply no_reply no_reply ");
}

static void
domains(void)
{
	assert(mail_is_aligned("a.clinica.mx", "clinica.mx"));
	assert(mail_is_aligned("clinica.com.mx", "b.clinica.com.mx"));
	assert(!mail_is_aligned("una.com.mx", "otra.com.mx"));
	assert(!mail_is_aligned("clinica.mx", "aclinica.mx"));
	assert(!mail_is_aligned("clinica.mx", ""));
	assert(strcmp(mail_registered("mx"), "mx") == 0);
}

int
main(void)
{
	page_text();
	page_odd();
	page_hidden();
	page_links();
	hosts();
	numbers();
	number_lists();
	others();
	messages();
	senders();
	domains();
	return 0;
}
