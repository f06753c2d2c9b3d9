/* Lines of a header: folding, encoded words. */

#include "provider/mime_impl.h"

#include <string.h>

#include "base/digest.h"

/* Around the text of an encoded word, and the least room worth starting one:
   that and a character of four bytes in Q. */
#define ENCODED_WRAP	12	/* =?UTF-8?Q? and ?= */
#define ENCODED_MIN	(ENCODED_WRAP + 4 * 3)

/*
 * Header lines
 */

void
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

void
line_finish(struct line *l)
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
void
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
void
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
	if (mime_is_alnum(c) || (c != '\0' && strchr("!*+-/", c) != NULL))
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

/*
 * How much of the `fit` bytes has no padding in base 64: GMime, for one, joins
 * neighbouring words before it decodes them, and padding ends it.  0: so much
 * less that Q does better.
 */
static size_t
unpadded_fit(const char *s, size_t fit)
{
	size_t best = 0;

	for (size_t i = 0; i < fit; i += utf8_length(s + i, fit - i))
		if (i % 3 == 0)
			best = i;
	if (fit % 3 == 0)
		best = fit;
	return best > fit / 2 ? best : 0;
}

static void
line_encoded(struct line *l, const char *s, size_t len, bool phrase)
{
	bool base64 = base64_len(len) < q_len(s, len, phrase), here;

	while (len > 0) {
		size_t n, room;

		if (l->col + 1 + ENCODED_MIN > LINE_COLS)
			line_fold(l);
		room = LINE_COLS - l->col - 1 - ENCODED_WRAP;
		here = base64;
		n = encoded_fit(s, len, room, here, phrase);
		if (here && n < len) {
			n = unpadded_fit(s, n);
			here = n > 0;
		}
		if (n == 0)
			n = encoded_fit(s, len, room, here, phrase);
		line_encoded_word(l, s, n, here, phrase);
		s += n;
		len -= n;
	}
}

/* Whether a word cannot go out as it is. */
static bool
word_needs_encoding(const char *s, size_t len)
{
	if (len > WORD_COLS || !mime_is_ascii(s, len))
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
void
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
		if (!mime_is_atext(s[i]) &&
		    (s[i] != ' ' || i == 0 || !mime_is_atext(s[i + 1])))
			return false;
	return true;
}

void
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
	if (quoted.full || !mime_is_ascii(name, strlen(name)) ||
	    strstr(name, "=?") != NULL)
		line_encoded(l, name, strlen(name), true);
	else if (is_atoms(name))
		line_raw(l, name);
	else
		line_word(l, quoted.data, quoted.len);
	buf_release(&quoted);
}
