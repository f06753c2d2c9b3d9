/*
 * What a mail is made of:
 *
 *	multipart/mixed
 *		multipart/alternative
 *			text/plain
 *			multipart/related
 *				text/html
 *				the pictures in it
 *			text/calendar; method=...
 *		everything else
 *
 * without the shells around what would be alone.
 */

#include "provider/mime_impl.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/digest.h"

#define BASE64_BYTES	57	/* that fill a line of 76 */
#define BOUNDARY_HEX	32
#define BOUNDARY_SIZE	48

/* Each kind of shell has a boundary of its own, and none begins another. */
enum shell { SHELL_MIXED, SHELL_ALTERNATIVE, SHELL_RELATED, SHELLS };

struct parts {
	const struct mail *m;
	struct buf text, html;		/* with their headers; len 0: none */
	struct buf bytes;		/* of the attachment that is next */
	const struct attachment *calendar;	/* or NULL */
	bool shown[ATTACHMENTS_MAX];	/* in the html */
	size_t alternatives, related, others;
	char boundary[SHELLS][BOUNDARY_SIZE];
	const char *domain;
	struct buf *out;
};

/*
 * Shells
 */

/* Made of the contents, so that it is always the same; found in neither. */
static void
choose_boundaries(struct parts *p)
{
	static const char letter[SHELLS] = { 'm', 'a', 'r' };
	struct buf seed = BUF_INIT(strlen(p->m->id) + p->text.len +
	    p->html.len + 64);
	char digest[DIGEST_HEX];

	buf_add(&seed, p->m->id, strlen(p->m->id) + 1);
	buf_add(&seed, buf_text(&p->text), p->text.len + 1);
	buf_add(&seed, buf_text(&p->html), p->html.len + 1);
	do {
		digest_sha256(seed.data, seed.len, digest);
		digest[BOUNDARY_HEX] = '\0';
		buf_char(&seed, '+');
	} while (strstr(buf_text(&p->text), digest) != NULL ||
	    strstr(buf_text(&p->html), digest) != NULL);
	for (int i = 0; i < SHELLS; i++)
		snprintf(p->boundary[i], BOUNDARY_SIZE, "omni-%c-%.*s",
		    letter[i], BOUNDARY_HEX, digest);
	buf_release(&seed);
}

static void
open_shell(struct parts *p, enum shell s)
{
	/* RFC 2387: what of it to show. */
	static const char *const type[SHELLS] = { "mixed", "alternative",
		"related; type=\"text/html\"" };

	buf_printf(p->out, "Content-Type: multipart/%s;\r\n boundary=\"%s\""
	    "\r\n\r\n--%s\r\n", type[s], p->boundary[s], p->boundary[s]);
}

/*
 * The line end before a boundary belongs to the boundary, so every part keeps
 * its last line as it is, with a line end or without.
 */
static void
next_part(struct parts *p, enum shell s)
{
	buf_printf(p->out, "\r\n--%s\r\n", p->boundary[s]);
}

static void
close_shell(struct parts *p, enum shell s)
{
	buf_printf(p->out, "\r\n--%s--", p->boundary[s]);
}

/*
 * Attachments
 */

/* Content-ID is to be unique in the world, RFC 2045 7. */
static void
put_content_id(const struct parts *p, const char *cid, size_t len,
    struct buf *out)
{
	char digest[DIGEST_HEX];

	buf_add(out, cid, len);
	if (memchr(cid, '@', len) != NULL)
		return;
	digest_sha256(p->m->id, strlen(p->m->id), digest);
	buf_printf(out, ".%.16s@%s", digest, p->domain);
}

static void
put_base64(const struct buf *bytes, struct buf *out)
{
	const char *at = bytes->data;
	char line[BASE64_BYTES * 2];

	for (size_t left = bytes->len, n; left > 0; left -= n, at += n) {
		n = left < BASE64_BYTES ? left : BASE64_BYTES;
		digest_base64(at, n, line);
		if (left < bytes->len)
			buf_str(out, "\r\n");
		buf_str(out, line);
	}
}

static void
put_type(struct parts *p, const struct attachment *a)
{
	bool text = strncasecmp(a->type, "text/", 5) == 0;
	char ascii[WORD_COLS + 1];

	buf_printf(p->out, "Content-Type: %s", a->type);
	/* Of other bytes nobody here knows the character set. */
	if (text && utf8_valid(buf_text(&p->bytes), p->bytes.len))
		buf_str(p->out, "; charset=UTF-8");
	if (a->method != NULL)
		buf_printf(p->out, "; method=%s", a->method);
	/* An invitation has no other place for it. */
	if (a == p->calendar && a->filename != NULL)
		line_parameter(p->out, "name", a->filename);
	else if (a->filename != NULL) {
		line_ascii_name(a->filename, ascii);
		line_parameter(p->out, "name", ascii);
	}
	buf_str(p->out, "\r\n");
}

static int
put_attachment(struct parts *p, size_t i, bool shown, struct error *e)
{
	const struct attachment *a = &p->m->attachments[i];

	buf_clear(&p->bytes);
	if (a->data == NULL)
		return error_set(e, EX_DATAERR, "attachments.%zu: its content "
		    "is not there", i);
	if (attachment_decode(a->data, &p->bytes) == -1 && !p->bytes.full)
		return error_set(e, EX_DATAERR, "attachments.%zu.data: not "
		    "base 64", i);
	if (p->bytes.full) {
		p->out->full = true;
		return 0;
	}
	put_type(p, a);
	if (a != p->calendar) {
		buf_printf(p->out, "Content-Disposition: %s", shown ?
		    "inline" : "attachment");
		if (a->filename != NULL)
			line_parameter(p->out, "filename", a->filename);
		buf_str(p->out, "\r\n");
	}
	if (a->cid != NULL) {
		buf_str(p->out, "Content-ID: <");
		put_content_id(p, a->cid, strlen(a->cid), p->out);
		buf_str(p->out, ">\r\n");
	}
	buf_str(p->out, "Content-Transfer-Encoding: base64\r\n\r\n");
	put_base64(&p->bytes, p->out);
	return 0;
}

/* All that are `shown`, or all others, each behind a boundary. */
static int
put_attachments(struct parts *p, enum shell s, struct error *e)
{
	const struct mail *m = p->m;
	bool shown = s == SHELL_RELATED;

	for (size_t i = 0; i < m->attachment_count; i++) {
		if (p->shown[i] != shown || &m->attachments[i] == p->calendar)
			continue;
		next_part(p, s);
		if (put_attachment(p, i, shown, e) == -1)
			return -1;
	}
	return 0;
}

/*
 * What is read
 */

/* The html with the names of its pictures as Content-ID has them. */
static int
name_pictures(struct parts *p, struct buf *out, struct error *e)
{
	const struct mail *m = p->m;
	const struct attachment *a;
	struct cid_scan s = { .at = m->html };
	const char *id, *done = m->html;
	size_t len;

	if (attachments_check_html(m->attachments, m->attachment_count,
	    m->html, e) == -1)
		return -1;
	while ((len = cid_next(&s, &id)) > 0) {
		a = attachment_of_cid(m->attachments, m->attachment_count, id,
		    len);
		p->shown[a - m->attachments] = true;
		buf_add(out, done, (size_t)(id - done));
		put_content_id(p, id, len, out);
		done = id + len;
	}
	buf_str(out, done);
	return 0;
}

static int
prepare_html(struct parts *p, struct error *e)
{
	struct buf html = BUF_INIT(p->out->max);
	int rc;

	if (p->m->html == NULL || p->m->html[0] == '\0')
		return 0;
	if (!utf8_valid(p->m->html, strlen(p->m->html)))
		return error_set(e, EX_DATAERR, "html: not UTF-8");
	rc = name_pictures(p, &html, e);
	if (rc == 0)
		mime_put_html(buf_text(&html), &p->html);
	p->html.full = p->html.full || html.full;
	buf_release(&html);
	return rc;
}

static int
prepare(struct parts *p, struct error *e)
{
	const char *text = p->m->text == NULL ? "" : p->m->text;
	const char *subject = p->m->subject == NULL ? "" : p->m->subject;

	if (prepare_html(p, e) == -1)
		return -1;
	if (text[0] == '\0' && subject[0] == '\0' && p->html.len == 0)
		return error_set(e, EX_DATAERR, "text: empty, as is subject");
	if (!utf8_valid(text, strlen(text)))
		return error_set(e, EX_DATAERR, "text: not UTF-8");
	/* An empty part would be what some readers show of a mail in html. */
	if (text[0] != '\0' || p->html.len == 0)
		mime_put_plain(text, &p->text);
	for (size_t i = 0; i < p->m->attachment_count; i++) {
		if (p->m->attachments[i].method != NULL)
			p->calendar = &p->m->attachments[i];
		else if (p->shown[i])
			p->related++;
		else
			p->others++;
	}
	p->alternatives = (size_t)(p->text.len > 0) + (p->html.len > 0) +
	    (p->calendar != NULL);
	choose_boundaries(p);
	return 0;
}

static int
put_html(struct parts *p, struct error *e)
{
	if (p->related > 0)
		open_shell(p, SHELL_RELATED);
	buf_add(p->out, buf_text(&p->html), p->html.len);
	if (p->related == 0)
		return 0;
	if (put_attachments(p, SHELL_RELATED, e) == -1)
		return -1;
	close_shell(p, SHELL_RELATED);
	return 0;
}

/* The plainest first, RFC 2046 5.1.4: readers show the last they know. */
static int
put_alternatives(struct parts *p, struct error *e)
{
	size_t left = p->alternatives;

	if (p->alternatives > 1)
		open_shell(p, SHELL_ALTERNATIVE);
	if (p->text.len > 0) {
		buf_add(p->out, buf_text(&p->text), p->text.len);
		if (--left > 0)
			next_part(p, SHELL_ALTERNATIVE);
	}
	if (p->html.len > 0) {
		if (put_html(p, e) == -1)
			return -1;
		if (--left > 0)
			next_part(p, SHELL_ALTERNATIVE);
	}
	if (p->calendar != NULL && put_attachment(p,
	    (size_t)(p->calendar - p->m->attachments), false, e) == -1)
		return -1;
	if (p->alternatives > 1)
		close_shell(p, SHELL_ALTERNATIVE);
	return 0;
}

static int
put_all(struct parts *p, struct error *e)
{
	if (prepare(p, e) == -1)
		return -1;
	if (p->text.full || p->html.full) {
		p->out->full = true;
		return 0;
	}
	if (p->others > 0)
		open_shell(p, SHELL_MIXED);
	if (put_alternatives(p, e) == -1)
		return -1;
	if (p->others > 0) {
		if (put_attachments(p, SHELL_MIXED, e) == -1)
			return -1;
		close_shell(p, SHELL_MIXED);
	}
	if (p->out->len > 0 && p->out->data[p->out->len - 1] != '\n')
		buf_str(p->out, "\r\n");
	return 0;
}

int
mime_put_body(const struct mail *m, const char *domain, struct buf *out,
    struct error *e)
{
	struct parts p = { .m = m, .domain = domain, .out = out,
	    .text = BUF_INIT(out->max), .html = BUF_INIT(out->max),
	    .bytes = BUF_INIT(out->max) };
	int rc;

	rc = put_all(&p, e);
	buf_release(&p.text);
	buf_release(&p.html);
	buf_release(&p.bytes);
	return rc;
}
