#include "provider/mime.h"

#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/digest.h"
#include "message/mailhead.h"

#define ADDRESS_LEN	254	/* RFC 5321 4.5.3.1.3, without the brackets */
#define NAME_LEN	1000	/* bytes of a display name */
#define ID_LEFT_LEN	200	/* left part of a Message-ID */
#define LINE_COLS	76	/* of a header line with encoded words */
#define WORD_COLS	60	/* a longer plain word is encoded, to fold it */
#define RAW_WORD_COLS	MAIL_HEADER_WORD	/* one that must not be */
#define BODY_COLS	78	/* of a body line that goes out as it is */
#define QP_COLS		76

/* Around the text of an encoded word, and the least room worth starting one:
   that and a character of four bytes in Q. */
#define ENCODED_WRAP	12	/* =?UTF-8?Q? and ?= */
#define ENCODED_MIN	(ENCODED_WRAP + 4 * 3)

static const char hex_digits[] = "0123456789ABCDEF";

struct mailbox {
	char name[NAME_LEN + 1];	/* "": none */
	char addr[ADDRESS_LEN + 1];	/* ASCII */
};

/* A header line that is being written. */
struct line {
	struct buf *out;
	size_t col;
	size_t words;
};

/* What the headers need, checked and made ASCII. */
struct envelope {
	struct mailbox from, reply_to, to;
	char message_id[512];
};

/*
 * Characters
 */

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

static bool
is_atext(char c)
{
	return is_alnum(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
is_ascii(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] >= 0x80)
			return false;
	return true;
}

/* Length of the line end at `s`, 0 when there is none. */
static size_t
line_end(const char *s)
{
	if (s[0] == '\r')
		return s[1] == '\n' ? 2 : 1;
	return s[0] == '\n' ? 1 : 0;
}

/*
 * Addresses
 */

/* `beyond`: whether bytes beyond ASCII are as good as letters. */
static bool
is_dot_atom(const char *s, size_t len, bool beyond)
{
	if (len == 0 || s[0] == '.' || s[len - 1] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '.' && s[i - 1] == '.')
			return false;
		if (s[i] != '.' && !is_atext(s[i]) &&
		    !(beyond && (unsigned char)s[i] >= 0x80))
			return false;
	}
	return true;
}

static bool
is_domain(const char *s, bool beyond)
{
	size_t len = strlen(s);

	if (!is_dot_atom(s, len, beyond))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (is_alnum(s[i]) || s[i] == '_' || s[i] == '.' ||
		    (unsigned char)s[i] >= 0x80)
			continue;
		/* Only a hyphen is left, and not at the end of a label. */
		if (s[i] != '-' || i == 0 || s[i - 1] == '.' ||
		    s[i + 1] == '.' || s[i + 1] == '\0')
			return false;
	}
	return true;
}

bool
mime_address_is_safe(const char *addr)
{
	const char *at;
	struct error e;

	if (addr == NULL)
		return false;
	at = strchr(addr, '@');
	if (at == NULL || strlen(addr) > ADDRESS_LEN ||
	    mail_text_check("", addr, &e) == -1)
		return false;
	return is_dot_atom(addr, (size_t)(at - addr), true) &&
	    is_domain(at + 1, true);
}

/*
 * The domain as DNS knows it.  `size` is that of `out`.  The conversion maps
 * characters to others, "/" and "@" among them, so that the result is looked
 * at again.  IDN2_USE_STD3_ASCII_RULES would be wrong: libidn2 2.3.3 leaves
 * out what it should refuse, and another domain comes out.
 */
static int
domain_to_ascii(const char *field, const char *domain, char *out, size_t size,
    struct error *e)
{
	char *ascii = NULL;
	int n, rc = IDN2_OK;

	if (is_ascii(domain, strlen(domain)))
		n = snprintf(out, size, "%s", domain);
	else {
		rc = idn2_to_ascii_8z(domain, &ascii, IDN2_NONTRANSITIONAL);
		n = snprintf(out, size, "%s", rc == IDN2_OK ? ascii : "");
		idn2_free(ascii);
	}
	if (rc != IDN2_OK)
		return error_set(e, EX_DATAERR, "%s: domain: %s", field,
		    idn2_strerror(rc));
	if (n < 0 || (size_t)n >= size || !is_domain(out, false))
		return error_set(e, EX_DATAERR, "%s: not a domain name", field);
	return 0;
}

static int
address_to_ascii(const char *field, const char *addr,
    char out[ADDRESS_LEN + 1], struct error *e)
{
	size_t local;

	if (mail_text_check(field, addr, e) == -1)
		return -1;
	if (!mime_address_is_safe(addr))
		return error_set(e, EX_DATAERR,
		    "%s: not one plain mail address: %s", field, addr);
	local = (size_t)(strchr(addr, '@') - addr);
	if (!is_ascii(addr, local))
		return error_set(e, EX_DATAERR, "%s: letters beyond ASCII "
		    "before the @ (SMTPUTF8) are not supported: %s", field,
		    addr);
	memcpy(out, addr, local + 1);
	return domain_to_ascii(field, addr + local + 1, out + local + 1,
	    ADDRESS_LEN - local, e);
}

/* The name without the spaces around it. */
static int
take_name(const char *field, const char *s, size_t len, struct mailbox *mb,
    struct error *e)
{
	while (len > 0 && s[len - 1] == ' ')
		len--;
	while (len > 0 && s[0] == ' ') {
		s++;
		len--;
	}
	if (len > NAME_LEN)
		return error_set(e, EX_DATAERR,
		    "%s: name longer than %d bytes", field, NAME_LEN);
	memcpy(mb->name, s, len);
	mb->name[len] = '\0';
	return mail_text_check(field, mb->name, e);
}

/* A name in quotes loses them; see RFC 5322 3.2.4. */
static int
unquote_name(const char *field, char *name, struct error *e)
{
	size_t len = strlen(name), n = 0;

	if (name[0] != '"')
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (name[i] == '"' && i == len - 1) {
			name[n] = '\0';
			return 0;
		}
		if (name[i] == '"')
			break;
		if (name[i] == '\\')
			i++;
		if (i < len)
			name[n++] = name[i];
	}
	return error_set(e, EX_DATAERR, "%s: quotes do not match", field);
}

/* "Name <address>" or "address" */
static int
parse_mailbox(const char *field, const char *s, struct mailbox *mb,
    struct error *e)
{
	char addr[ADDRESS_LEN + 1];
	const char *open = strrchr(s, '<');
	size_t len;

	mb->name[0] = '\0';
	if (open == NULL)
		return address_to_ascii(field, s, mb->addr, e);
	if (take_name(field, s, (size_t)(open - s), mb, e) == -1 ||
	    unquote_name(field, mb->name, e) == -1)
		return -1;
	len = strlen(++open);
	if (len == 0 || open[len - 1] != '>')
		return error_set(e, EX_DATAERR, "%s: does not end with >",
		    field);
	if (--len > ADDRESS_LEN)
		return error_set(e, EX_DATAERR,
		    "%s: address longer than %d bytes", field, ADDRESS_LEN);
	memcpy(addr, open, len);
	addr[len] = '\0';
	return address_to_ascii(field, addr, mb->addr, e);
}

/*
 * Message-ID
 */

static void
id_encode(const char *id, struct buf *out)
{
	/* An id must not pass itself off as the digest of another. */
	bool posing = strncmp(id, "sha256-", 7) == 0;

	for (size_t i = 0; id[i] != '\0'; i++) {
		bool dot = id[i] == '.' && i > 0 && id[i - 1] != '.' &&
		    id[i + 1] != '\0';

		if ((dot || (is_atext(id[i]) && id[i] != '=')) &&
		    !(posing && i == 0))
			buf_char(out, id[i]);
		else
			buf_printf(out, "=%02X", (unsigned char)id[i]);
	}
}

char *
mime_message_id(const char *id, const char *domain, char *out, size_t size)
{
	struct buf left = BUF_INIT(ID_LEFT_LEN);
	char digest[DIGEST_HEX];
	int n;

	if (id == NULL || id[0] == '\0' || strlen(domain) > ADDRESS_LEN ||
	    !is_domain(domain, false))
		return NULL;
	id_encode(id, &left);
	if (left.full)
		n = snprintf(out, size, "<sha256-%s@%s>",
		    digest_sha256(id, strlen(id), digest), domain);
	else
		n = snprintf(out, size, "<%s@%s>", buf_text(&left), domain);
	buf_release(&left);
	return n < 0 || (size_t)n >= size ? NULL : out;
}

/*
 * Header lines
 */

static void
line_begin(struct line *l, struct buf *out, const char *name)
{
	l->out = out;
	l->col = strlen(name) + 1;
	l->words = 0;
	buf_printf(out, "%s:", name);
}

static void
line_fold(struct line *l)
{
	buf_str(l->out, "\r\n");
	l->col = 0;
}

static void
line_end_crlf(struct line *l)
{
	buf_str(l->out, "\r\n");
}

static void
line_put(struct line *l, const char *s, size_t len)
{
	buf_char(l->out, ' ');
	buf_add(l->out, s, len);
	l->col += 1 + len;
	l->words++;
}

/*
 * A word and the space in front of it, on a new line when this one has no
 * room.  A first word that fits on no line stays next to the name: a line
 * with nothing but the name upsets some readers.
 */
static void
line_word(struct line *l, const char *s, size_t len)
{
	if (l->col + 1 + len > LINE_COLS && (l->words > 0 || len < LINE_COLS))
		line_fold(l);
	line_put(l, s, len);
}

/*
 * Spaces but the one at which a line may fold go with the word behind them.
 * The first word stays next to the name, whatever its length: not all that
 * look for the URL of List-Unsubscribe look on the next line too.
 */
static void
line_raw(struct line *l, const char *s)
{
	while (*s != '\0') {
		size_t len = strspn(s, " ");

		len += strcspn(s + len, " ");
		if (l->words == 0)
			line_put(l, s, len);
		else
			line_word(l, s, len);
		s += len;
		if (*s == ' ')
			s++;
	}
}

/* In a phrase only these may stand for themselves, RFC 2047 section 5 (3). */
static bool
is_q_safe(char c, bool phrase)
{
	if (is_alnum(c) || (c != '\0' && strchr("!*+-/", c) != NULL))
		return true;
	return !phrase && c > ' ' && c < 0x7f && strchr("=?_", c) == NULL;
}

static size_t
q_len(const char *s, size_t len, bool phrase)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += s[i] == ' ' || is_q_safe(s[i], phrase) ? 1 : 3;
	return n;
}

static size_t
base64_len(size_t len)
{
	return (len + 2) / 3 * 4;
}

/* How many bytes of whole characters encode to at most `room`. */
static size_t
encoded_fit(const char *s, size_t len, size_t room, bool base64, bool phrase)
{
	size_t fit = 0, q = 0;

	while (fit < len) {
		size_t n = utf8_length(s + fit, len - fit);

		q += q_len(s + fit, n, phrase);
		if ((base64 ? base64_len(fit + n) : q) > room)
			break;
		fit += n;
	}
	return fit;
}

static void
q_encode(const char *s, size_t len, bool phrase, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == ' ')
			buf_char(out, '_');
		else if (is_q_safe(s[i], phrase))
			buf_char(out, s[i]);
		else
			buf_printf(out, "=%02X", c);
	}
}

/* One encoded word; `len` bytes are known to fit. */
static void
line_encoded_word(struct line *l, const char *s, size_t len, bool base64,
    bool phrase)
{
	struct buf word = BUF_INIT(LINE_COLS);
	char text[LINE_COLS + 1];

	buf_str(&word, base64 ? "=?UTF-8?B?" : "=?UTF-8?Q?");
	if (base64) {
		digest_base64(s, len, text);
		buf_str(&word, text);
	} else
		q_encode(s, len, phrase, &word);
	buf_str(&word, "?=");
	line_word(l, word.data, word.len);
	buf_release(&word);
}

static void
line_encoded(struct line *l, const char *s, size_t len, bool phrase)
{
	bool base64 = base64_len(len) < q_len(s, len, phrase);

	while (len > 0) {
		size_t n;

		if (l->col + 1 + ENCODED_MIN > LINE_COLS)
			line_fold(l);
		n = encoded_fit(s, len, LINE_COLS - l->col - 1 - ENCODED_WRAP,
		    base64, phrase);
		line_encoded_word(l, s, n, base64, phrase);
		s += n;
		len -= n;
	}
}

/* Whether a word cannot go out as it is. */
static bool
word_needs_encoding(const char *s, size_t len)
{
	if (len > WORD_COLS || !is_ascii(s, len))
		return true;
	for (size_t i = 1; i < len; i++)
		if (s[i - 1] == '=' && s[i] == '?')
			return true;
	return false;
}

/*
 * Unstructured text.  Neighbouring words that need encoding share encoded
 * words, because readers drop the space between two of those.  Odd spaces
 * would not survive folding: then all is encoded.
 */
static void
line_text(struct line *l, const char *s)
{
	size_t len = strlen(s);

	if (len > 0 && (s[0] == ' ' || s[len - 1] == ' ' ||
	    strstr(s, "  ") != NULL)) {
		line_encoded(l, s, len, false);
		return;
	}
	while (*s != '\0') {
		size_t n = strcspn(s, " "), next;

		if (!word_needs_encoding(s, n))
			line_word(l, s, n);
		else {
			while (s[n] == ' ') {
				next = strcspn(s + n + 1, " ");
				if (!word_needs_encoding(s + n + 1, next))
					break;
				n += 1 + next;
			}
			line_encoded(l, s, n, false);
		}
		s += n;
		if (*s == ' ')
			s++;
	}
}

/* Atoms with one space between two of them. */
static bool
is_atoms(const char *s)
{
	for (size_t i = 0; s[i] != '\0'; i++)
		if (!is_atext(s[i]) &&
		    (s[i] != ' ' || i == 0 || !is_atext(s[i + 1])))
			return false;
	return true;
}

static void
line_name(struct line *l, const char *name)
{
	struct buf quoted = BUF_INIT(WORD_COLS);

	buf_char(&quoted, '"');
	for (const char *p = name; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_char(&quoted, '\\');
		buf_char(&quoted, *p);
	}
	buf_char(&quoted, '"');
	if (quoted.full || !is_ascii(name, strlen(name)) ||
	    strstr(name, "=?") != NULL)
		line_encoded(l, name, strlen(name), true);
	else if (is_atoms(name))
		line_raw(l, name);
	else
		line_word(l, quoted.data, quoted.len);
	buf_release(&quoted);
}

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
	line_end_crlf(&l);
}

static void
put_word(struct buf *out, const char *header, const char *word)
{
	struct line l;

	line_begin(&l, out, header);
	line_word(&l, word, strlen(word));
	line_end_crlf(&l);
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
	line_end_crlf(&l);
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

/* Brackets are added where they are missing. */
static int
put_in_reply_to(const struct mail *m, struct buf *out, struct error *e)
{
	const char *s = m->in_reply_to;
	char id[RAW_WORD_COLS];
	size_t len;

	if (s == NULL)
		return 0;
	len = strlen(s);
	if (len > 2 && s[0] == '<' && s[len - 1] == '>') {
		s++;
		len -= 2;
	}
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] >= 0x7f || s[i] == '<' || s[i] == '>')
			len = 0;
	if (len == 0 || len + 3 > sizeof(id))
		return error_set(e, EX_DATAERR,
		    "in_reply_to: not one message id");
	snprintf(id, sizeof(id), "<%.*s>", (int)len, s);
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
	while (is_alnum(s[len]) || s[len] == '-')
		len++;
	if (len == 0 || len > 35 || s[len] != '\0')
		return error_set(e, EX_DATAERR,
		    "language: not a language tag");
	put_word(out, "Content-Language", s);
	return 0;
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
	return m->automatic && strcasecmp(name, "Auto-Submitted") == 0;
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
	if (is_ascii(value, strlen(value)))
		line_raw(&l, value);
	else
		line_text(&l, value);
	line_end_crlf(&l);
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
 * Bodies
 */

/*
 * Whether nothing on the way would change or refuse it: short ASCII lines,
 * no space at an end of line (lost), no "From " at a start (gets a ">").
 */
static bool
is_plain(const char *s)
{
	size_t col = 0, n;

	for (; *s != '\0'; s++) {
		n = line_end(s);
		if (n > 0) {
			s += n - 1;
			col = 0;
			continue;
		}
		if ((*s < ' ' && *s != '\t') || *s >= 0x7f ||
		    ++col > BODY_COLS)
			return false;
		if (col == 1 && strncmp(s, "From ", 5) == 0)
			return false;
		if ((*s == ' ' || *s == '\t') &&
		    (s[1] == '\0' || line_end(s + 1) > 0))
			return false;
	}
	return true;
}

static void
plain_encode(const char *s, struct buf *out)
{
	while (*s != '\0') {
		size_t n = strcspn(s, "\r\n");

		buf_add(out, s, n);
		s += n;
		n = line_end(s);
		if (n > 0)
			buf_str(out, "\r\n");
		s += n;
	}
}

/*
 * One character in quoted-printable.  `last`: a line end follows, which would
 * eat a space.  Returns the length.
 */
static size_t
qp_char(const char *s, size_t len, bool last, char out[12])
{
	size_t n = 0;

	if (len == 1 && ((*s > ' ' && *s < 0x7f && *s != '=') ||
	    ((*s == ' ' || *s == '\t') && !last))) {
		out[0] = *s;
		return 1;
	}
	for (size_t i = 0; i < len; i++) {
		out[n++] = '=';
		out[n++] = hex_digits[(unsigned char)s[i] >> 4];
		out[n++] = hex_digits[(unsigned char)s[i] & 15];
	}
	return n;
}

static void
qp_encode(const char *s, struct buf *out)
{
	const char *end = s + strlen(s);
	char text[12];
	size_t col = 0;

	while (s < end) {
		size_t n = line_end(s), len;
		bool last;

		if (n > 0) {
			buf_str(out, "\r\n");
			col = 0;
			s += n;
			continue;
		}
		n = utf8_length(s, (size_t)(end - s));
		last = s + n == end || line_end(s + n) > 0;
		len = qp_char(s, n, last, text);
		if (col + len > (last ? QP_COLS : QP_COLS - 1)) {
			buf_str(out, "=\r\n");
			col = 0;
		}
		if (col == 0 && strncmp(s, "From ", 5) == 0) {
			memcpy(text, "=46", 3);
			len = 3;
		}
		buf_add(out, text, len);
		col += len;
		s += n;
	}
}

/* A body with its own headers. */
static void
put_part(const char *subtype, const char *s, struct buf *out)
{
	bool plain = is_plain(s);

	buf_printf(out, "Content-Type: text/%s; charset=UTF-8\r\n"
	    "Content-Transfer-Encoding: %s\r\n\r\n", subtype,
	    plain ? "7bit" : "quoted-printable");
	if (plain)
		plain_encode(s, out);
	else
		qp_encode(s, out);
}

/* Made of the contents, so that it is always the same; found in neither. */
static void
choose_boundary(const char *id, const struct buf *text,
    const struct buf *html, char out[DIGEST_HEX])
{
	struct buf seed = BUF_INIT(strlen(id) + text->len + html->len + 64);
	char digest[DIGEST_HEX];

	buf_add(&seed, id, strlen(id) + 1);
	buf_add(&seed, text->data, text->len + 1);
	buf_add(&seed, html->data, html->len + 1);
	do {
		digest_sha256(seed.data, seed.len, digest);
		snprintf(out, DIGEST_HEX, "omni-%.32s", digest);
		buf_char(&seed, '+');
	} while (strstr(text->data, out) != NULL ||
	    strstr(html->data, out) != NULL);
	buf_release(&seed);
}

/*
 * The line end before a boundary belongs to the boundary, so both bodies
 * keep their last line as it is, with a line end or without.
 */
static void
put_alternative(const struct mail *m, const char *plain, struct buf *out)
{
	struct buf text = BUF_INIT(out->max), html = BUF_INIT(out->max);
	char boundary[DIGEST_HEX];

	put_part("plain", plain, &text);
	put_part("html", m->html, &html);
	if (text.full || html.full)
		out->full = true;
	else {
		choose_boundary(m->id, &text, &html, boundary);
		buf_printf(out, "Content-Type: multipart/alternative;\r\n"
		    " boundary=\"%s\"\r\n\r\n", boundary);
		buf_printf(out, "--%s\r\n", boundary);
		buf_add(out, text.data, text.len);
		buf_printf(out, "\r\n--%s\r\n", boundary);
		buf_add(out, html.data, html.len);
		buf_printf(out, "\r\n--%s--\r\n", boundary);
	}
	buf_release(&text);
	buf_release(&html);
}

static int
put_body(const struct mail *m, struct buf *out, struct error *e)
{
	const char *text = m->text == NULL ? "" : m->text;
	bool html = m->html != NULL && m->html[0] != '\0';

	if (text[0] == '\0' && (m->subject == NULL || m->subject[0] == '\0'))
		return error_set(e, EX_DATAERR, "text: empty, as is subject");
	if (!utf8_valid(text, strlen(text)))
		return error_set(e, EX_DATAERR, "text: not UTF-8");
	if (html && !utf8_valid(m->html, strlen(m->html)))
		return error_set(e, EX_DATAERR, "html: not UTF-8");
	if (html)
		put_alternative(m, text, out);
	else {
		put_part("plain", text, out);
		if (out->len > 0 && out->data[out->len - 1] != '\n')
			buf_str(out, "\r\n");
	}
	return 0;
}

/*
 * The whole
 */

static int
read_envelope(const struct mail *m, struct envelope *v, struct error *e)
{
	char domain[ADDRESS_LEN + 1];

	if (m->id == NULL || m->id[0] == '\0')
		return error_set(e, EX_DATAERR, "id: missing");
	if (m->from == NULL)
		return error_set(e, EX_DATAERR, "from: missing");
	if (m->to == NULL)
		return error_set(e, EX_DATAERR, "to: missing");
	if (parse_mailbox("from", m->from, &v->from, e) == -1 ||
	    (m->reply_to != NULL &&
	    parse_mailbox("reply_to", m->reply_to, &v->reply_to, e) == -1) ||
	    address_to_ascii("to", m->to, v->to.addr, e) == -1)
		return -1;
	if (m->to_name != NULL && take_name("to_name", m->to_name,
	    strlen(m->to_name), &v->to, e) == -1)
		return -1;
	if (m->envelope_from != NULL && m->envelope_from[0] != '\0' &&
	    !mime_address_is_safe(m->envelope_from))
		return error_set(e, EX_DATAERR,
		    "envelope_from: not one plain mail address");
	if (domain_to_ascii("domain", m->domain != NULL ? m->domain :
	    strchr(v->from.addr, '@') + 1, domain, sizeof(domain), e) == -1)
		return -1;
	if (mime_message_id(m->id, domain, v->message_id,
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
	if (m->automatic)
		buf_str(out, "Auto-Submitted: auto-generated\r\n");
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
	    put_headers(m, &v, out, e) == -1 || put_body(m, out, e) == -1) {
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
