#include "mail_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "message/reply.h"
#include "provider/mail_quote.h"

#define WRAPPED		70	/* columns in which programs wrap a quote */
#define SIGNED_LINES	8	/* of name and address behind a closing */
#define SIGNED_LEN	80
#define NAME_LEN	40

/* The first line from `s` on that has anything in it. */
static struct mail_line
first_line(const char *s)
{
	struct mail_line l = mail_line_at(s);

	while (l.len == 0 && *l.next != '\0')
		l = mail_line_at(l.next);
	return l;
}

/* Whether a person says something with this line alone. */
static bool
says_something(const struct mail_line *l)
{
	enum reply_intent said = reply_classify(l->s, l->len);

	return said != REPLY_UNCLEAR && said != REPLY_EMPTY;
}

/*
 * What a quoted line was too long for, when the program wrapped it once more
 * without a '>': it goes on in small letters, where the line had no room for
 * its first word, and more of the quote follows.
 */
static bool
is_overflow(const struct mail_line *quoted, const struct mail_line *l)
{
	struct mail_line after = mail_line_at(l->next);
	size_t word = 0;

	while (word < l->len && !isspace((unsigned char)l->s[word]))
		word++;
	return l->len > 0 && quoted->len + 1 + word > WRAPPED &&
	    quoted->s[quoted->len - 1] != '?' &&
	    islower((unsigned char)l->s[0]) && mail_line_is_quoted(&after) &&
	    !says_something(l);
}

/* Where the text goes on behind lines with '>'. */
static const char *
behind_quote(const char *s)
{
	struct mail_line l = mail_line_at(s), last = l;

	while (*s != '\0') {
		if (mail_line_is_quoted(&l))
			last = l;
		else if (l.len > 0 && (l.s != last.next ||
		    !is_overflow(&last, &l)))
			break;
		s = l.next;
		l = mail_line_at(s);
	}
	return s;
}

/* "Ana López": a few words without digits, each with a capital. */
static bool
is_name(const struct mail_line *l)
{
	bool start = true;

	if (l->len > NAME_LEN || says_something(l))
		return false;
	for (size_t i = 0; i < l->len; i++) {
		unsigned char c = (unsigned char)l->s[i];

		if (isdigit(c) || (start && islower(c)) ||
		    strchr("?!:,;", c) != NULL)
			return false;
		start = c == ' ';
	}
	return true;
}

/* "perdón, ya no puedo" is no line of a signature; "Norma" is. */
static bool
takes_back(const struct mail_line *l)
{
	return reply_objects(l->s, l->len) && !is_name(l);
}

/* Dashes, unless what is behind them takes back what is above. */
static bool
is_signature(const struct mail_line *l)
{
	struct mail_line next;

	if (!mail_quote_signature(l))
		return false;
	next = first_line(l->next);
	return mail_line_is_quoted(&next) || !takes_back(&next);
}

/* Everything from here on belongs to another mail. */
static bool
is_end(const char *s, const struct mail_line *l)
{
	struct mail_line next;

	if (mail_quote_ruler(l) || mail_quote_head(s) || is_signature(l))
		return true;
	if (!mail_quote_dash(l))
		return false;
	next = first_line(l->next);
	return mail_quote_ruler(&next) || mail_quote_head(next.s) ||
	    mail_quote_announcement(next.s) > 0;
}

static bool
is_postscript(const struct mail_line *l)
{
	static const char *const words[] = { "pd:", "pd ", "p.d", "ps:", "ps ",
	    "p.s", "p. d", "p. s" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (mail_line_begins(l, words[i]))
			return true;
	return false;
}

/* "Un saludo", and "Un saludo, Ana". */
static bool
is_regards(const struct mail_line *l)
{
	const char *comma = memchr(l->s, ',', l->len);
	struct mail_line words = *l, name;

	if (mail_quote_closing(l) == MAIL_REGARDS)
		return true;
	if (comma == NULL)
		return false;
	words.len = (size_t)(comma - l->s);
	name = mail_line_at(comma + 1);
	return mail_quote_closing(&words) == MAIL_REGARDS && is_name(&name);
}

/*
 * Whether a closing is followed by a signature and nothing else: a few short
 * lines to where the mail, or the person's part of it, ends.  `names`: only a
 * name, since the closing could stand in the middle of a letter.
 */
static bool
is_signed(const char *s, bool names)
{
	struct mail_line l = first_line(s);
	int n = 0;

	for (; l.len > 0; l = first_line(l.next)) {
		if (mail_line_is_quoted(&l) || is_end(l.s, &l) ||
		    mail_quote_device(&l) || mail_quote_announcement(l.s) > 0)
			break;
		if (++n == 1 && takes_back(&l))
			return false;
		if (n > (names ? 2 : SIGNED_LINES) || l.len > SIGNED_LEN ||
		    memchr(l.s, '?', l.len) != NULL || is_postscript(&l) ||
		    says_something(&l) || (names && !is_name(&l)))
			return false;
		if (*l.next == '\0')
			break;
	}
	return !names || n > 0;
}

/* Behind the lines of a signature. */
static const char *
behind_signed(const char *s)
{
	struct mail_line l = first_line(s);

	for (; l.len > 0; l = first_line(s)) {
		if (mail_line_is_quoted(&l) || is_end(l.s, &l) ||
		    mail_quote_device(&l) || mail_quote_announcement(l.s) > 0)
			break;
		s = l.next;
	}
	return s;
}

/*
 * Behind whatever is not the person's at `s`; NULL: nothing more is; `s`: the
 * line is theirs.
 */
static const char *
skip(const char *s, bool begun)
{
	struct mail_line l = mail_line_at(s), next;
	int n;

	if (mail_line_is_quoted(&l))
		return behind_quote(s);
	if (l.len == 0)
		return s;
	if (is_end(s, &l))
		return NULL;
	/* Some write below what their telephone has put there. */
	if (mail_quote_device(&l))
		return begun ? NULL : l.next;
	if (begun && is_regards(&l) && is_signed(l.next, false))
		return behind_signed(l.next);
	n = mail_quote_announcement(s);
	if (n == 0 && mail_quote_is_dated(&l)) {
		next = first_line(l.next);
		n = mail_line_is_quoted(&next);
	}
	if (n == 0)
		return s;
	for (; n > 0; n--) {
		s = l.next;
		l = mail_line_at(s);
	}
	l = first_line(s);
	return mail_line_is_quoted(&l) ? behind_quote(s) : NULL;
}

static struct mail_line
trimmed(struct mail_line l)
{
	while (l.len > 0 && strchr(" \t-", l.s[l.len - 1]) != NULL)
		l.len--;
	return l;
}

static void
put_line(struct buf *out, const struct mail_line *l)
{
	size_t room;

	/* One empty line divides as well as many. */
	if (out->len > 0 && (l->len > 0 ||
	    out->data[out->len - 1] != '\n'))
		buf_char(out, '\n');
	room = out->max - out->len;
	buf_add(out, l->s, l->len < room ? l->len : room);
	out->full |= l->len > room;
}

void
mail_own_words(const char *text, struct buf *out)
{
	const char *next;
	struct mail_line l;

	while (text != NULL && *text != '\0' && !out->full) {
		next = skip(text, out->len > 0);
		l = mail_line_at(text);
		if (next != text) {
			l.len = mail_line_is_quoted(&l) ? 0 :
			    mail_quote_lead(&l);
			l = trimmed(l);
			if (l.len > 0)
				put_line(out, &l);
			text = next;
			continue;
		}
		put_line(out, &l);
		text = l.next;
		if (mail_quote_closing(&l) == MAIL_THANKS &&
		    is_signed(text, true))
			text = behind_signed(text);
	}
	while (out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
}
