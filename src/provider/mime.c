#include "provider/mime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "message/mailhead.h"
#include "provider/mime_impl.h"

static void
put_mailbox(struct buf *out, const char *header, const struct mailbox *mb)
{
	char angle[ADDRESS_LEN + 3];
	struct line l;

	line_begin(&l, out, header);
	if (mb->name[0] == '\0')
		line_word(&l, mb->addr, strlen(mb->addr));
	else {
		line_name(&l, mb->name);
		snprintf(angle, sizeof(angle), "<%s>", mb->addr);
		line_word(&l, angle, strlen(angle));
	}
	line_finish(&l);
}

static void
put_word(struct buf *out, const char *header, const char *word)
{
	struct line l;

	line_begin(&l, out, header);
	line_word(&l, word, strlen(word));
	line_finish(&l);
}

static int
put_subject(const struct mail *m, struct buf *out, struct error *e)
{
	struct line l;

	if (m->subject == NULL || m->subject[0] == '\0')
		return 0;
	if (mail_text_check("subject", m->subject, e) == -1)
		return -1;
	line_begin(&l, out, "Subject");
	line_text(&l, m->subject);
	line_finish(&l);
	return 0;
}

/* RFC 5322 3.3, whatever the locale. */
static int
put_date(const struct mail *m, struct buf *out, struct error *e)
{
	static const char day[][4] = {
		"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
	};
	static const char month[][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
	};
	int offset = m->utc_offset_minutes;
	struct civil c;

	/* 1900 to 9999, with a day's room for the offset. */
	if (m->date < -2208902400 || m->date > 253402214399 ||
	    offset <= -24 * 60 || offset >= 24 * 60)
		return error_set(e, EX_DATAERR, "date: out of range");
	civil_from_utc(m->date + offset * 60, &c);
	buf_printf(out, "Date: %s, %d %s %04d %02d:%02d:%02d %c%02d%02d\r\n",
	    day[c.weekday], c.day, month[c.month - 1], c.year, c.hour,
	    c.minute, c.second, offset < 0 ? '-' : '+', abs(offset) / 60,
	    abs(offset) % 60);
	return 0;
}

static int
put_in_reply_to(const struct mail *m, struct buf *out, struct error *e)
{
	char id[MAIL_HEADER_WORD];

	if (m->in_reply_to == NULL)
		return 0;
	if (mail_message_id(m->in_reply_to, id, e) == -1)
		return -1;
	put_word(out, "In-Reply-To", id);
	put_word(out, "References", id);
	return 0;
}

static int
put_language(const struct mail *m, struct buf *out, struct error *e)
{
	const char *s = m->language;
	size_t len;

	if (s == NULL)
		return 0;
	len = 0;
	while (mime_is_alnum(s[len]) || s[len] == '-')
		len++;
	if (len == 0 || len > 35 || s[len] != '\0')
		return error_set(e, EX_DATAERR,
		    "language: not a language tag");
	put_word(out, "Content-Language", s);
	return 0;
}

/*
 * RFC 3834, and the same to Exchange, which has its own words: no note that
 * somebody is out of the office, and no receipt.  "All" would keep it from
 * telling us that there is no such mailbox, too.
 */
static void
put_automatic(const struct mail *m, struct buf *out)
{
	static const char exchange[] = "X-Auto-Response-Suppress";
	struct value_iter it = { 0 };
	bool brought = false;

	if (m->automatic == NULL)
		return;
	put_word(out, "Auto-Submitted", m->automatic);
	while (value_type(m->headers) == VALUE_OBJECT &&
	    value_next(m->headers, &it))
		brought = brought || strcasecmp(it.key, exchange) == 0;
	if (!brought)
		buf_printf(out, "%s: DR, RN, NRN, OOF, AutoReply\r\n",
		    exchange);
}

/* For people and their tools; what cannot be told as it is stays untold. */
static void
put_omni_id(const struct mail *m, struct buf *out)
{
	size_t len = strlen(m->id);

	for (size_t i = 0; i < len; i++)
		if (m->id[i] <= ' ' || m->id[i] >= 0x7f)
			return;
	if (len <= ID_LEFT_LEN && strstr(m->id, "=?") == NULL)
		put_word(out, "X-Omni-ID", m->id);
}

/*
 * Headers of the caller
 */

/* Written above for this mail, beyond what mail_header_check() knows of. */
static bool
is_written(const struct mail *m, const char *name)
{
	if (m->in_reply_to != NULL && (strcasecmp(name, "In-Reply-To") == 0 ||
	    strcasecmp(name, "References") == 0))
		return true;
	return m->automatic != NULL && strcasecmp(name, "Auto-Submitted") == 0;
}

/*
 * ASCII goes out untouched but for folding: it may have a structure of its
 * own, as List-Unsubscribe has.
 */
static void
put_extra(const char *name, const char *value, struct buf *out)
{
	struct line l;

	line_begin(&l, out, name);
	if (mime_is_ascii(value, strlen(value)))
		line_raw(&l, value);
	else
		line_text(&l, value);
	line_finish(&l);
}

static int
put_extras(const struct mail *m, struct buf *out, struct error *e)
{
	struct value_iter it = { 0 };

	if (m->headers == NULL)
		return 0;
	if (value_type(m->headers) != VALUE_OBJECT)
		return error_set(e, EX_DATAERR, "headers: not an object");
	while (value_next(m->headers, &it)) {
		if (mail_header_check(it.key, it.value, e) == -1)
			return -1;
		if (is_written(m, it.key))
			return error_set(e, EX_DATAERR,
			    "headers.%s: may not be set", it.key);
		put_extra(it.key, value_string(it.value), out);
	}
	return 0;
}

/*
 * The whole
 */

/* What the headers need, checked and made ASCII. */
struct envelope {
	struct mailbox from, reply_to, to;
	char message_id[512], domain[MIME_ADDRESS];
};

static int
read_envelope(const struct mail *m, struct envelope *v, struct error *e)
{
	if (m->id == NULL || m->id[0] == '\0')
		return error_set(e, EX_DATAERR, "id: missing");
	if (m->from == NULL)
		return error_set(e, EX_DATAERR, "from: missing");
	if (m->to == NULL)
		return error_set(e, EX_DATAERR, "to: missing");
	if (mime_mailbox("from", m->from, &v->from, e) == -1 ||
	    (m->reply_to != NULL &&
	    mime_mailbox("reply_to", m->reply_to, &v->reply_to, e) == -1) ||
	    mime_address("to", m->to, v->to.addr, e) == -1)
		return -1;
	if (m->to_name != NULL && mime_take_name("to_name", m->to_name,
	    strlen(m->to_name), &v->to, e) == -1)
		return -1;
	if (m->envelope_from != NULL && m->envelope_from[0] != '\0' &&
	    !mime_address_is_safe(m->envelope_from))
		return error_set(e, EX_DATAERR,
		    "envelope_from: not one plain mail address");
	if (mime_domain("domain", m->domain != NULL ? m->domain :
	    strchr(v->from.addr, '@') + 1, v->domain, sizeof(v->domain),
	    e) == -1)
		return -1;
	if (mime_message_id(m->id, v->domain, v->message_id,
	    sizeof(v->message_id)) == NULL)
		return error_set(e, EX_DATAERR, "id: no Message-ID for it");
	return 0;
}

static int
put_headers(const struct mail *m, const struct envelope *v, struct buf *out,
    struct error *e)
{
	put_mailbox(out, "From", &v->from);
	put_mailbox(out, "To", &v->to);
	if (m->reply_to != NULL)
		put_mailbox(out, "Reply-To", &v->reply_to);
	if (put_subject(m, out, e) == -1 || put_date(m, out, e) == -1)
		return -1;
	put_word(out, "Message-ID", v->message_id);
	if (put_in_reply_to(m, out, e) == -1)
		return -1;
	buf_str(out, "MIME-Version: 1.0\r\n");
	put_automatic(m, out);
	if (put_language(m, out, e) == -1)
		return -1;
	put_omni_id(m, out);
	return put_extras(m, out, e);
}

int
mime_build(const struct mail *m, struct buf *out, struct error *e)
{
	struct envelope v = { 0 };

	buf_clear(out);
	if (read_envelope(m, &v, e) == -1 ||
	    put_headers(m, &v, out, e) == -1 ||
	    mime_put_body(m, v.domain, out, e) == -1) {
		buf_clear(out);
		return -1;
	}
	if (out->full) {
		buf_clear(out);
		return error_set(e, EX_DATAERR,
		    "message: larger than %zu bytes", out->max);
	}
	return 0;
}
