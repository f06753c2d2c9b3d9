#include "mail_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

#define FOLDED		4	/* lines that an announcement is folded over */
#define HEAD		4	/* lines in which a head goes on */
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

struct line {
	const char *s;
	size_t len;		/* without blanks at its end */
	const char *next;
};

/* The line at `s`, without blanks around it. */
static struct line
line_at(const char *s)
{
	size_t n = strcspn(s, "\n");
	struct line l = { .next = s + n + (s[n] == '\n') };

	while (n > 0 && isspace((unsigned char)s[n - 1]))
		n--;
	while (n > 0) {
		/* No-break spaces, which some programs quote with. */
		size_t blank = isspace((unsigned char)*s) ? 1 : n > 1 &&
		    memcmp(s, "\xc2\xa0", 2) == 0 ? 2 : 0;

		if (blank == 0)
			break;
		s += blank;
		n -= blank;
	}
	l.s = s;
	l.len = n;
	return l;
}

static bool
begins(const struct line *l, const char *words)
{
	size_t n = strlen(words);

	return l->len >= n && strncasecmp(l->s, words, n) == 0;
}

static bool
ends(const char *s, size_t len, const char *words)
{
	size_t n = strlen(words);

	return len >= n && strncasecmp(s + len - n, words, n) == 0;
}

static bool
is_quoted(const struct line *l)
{
	return l->len > 0 && (l->s[0] == '>' || begins(l, "|>"));
}

/*
 * "El vie, 20 nov 2026 a las 12:00, Clínica Sol <citas@clinic.example>
 * escribió:": the length in lines, 0 when no announcement begins here.
 */
static int
announcement(const char *s)
{
	static const struct {
		const char *first, *last;
	} forms[] = {
		{ "on ", "wrote:" }, { "on ", "wrote :" }, { "on ", "writes:" },
		{ "el ", "escribi\xc3\xb3:" }, { "el ", "escribi\xc3\xb3 :" },
		{ "el ", "escribio:" }, { "en ", "escribi\xc3\xb3:" },
		{ "el ", "va escriure:" },
		{ "le ", "a \xc3\xa9" "crit :" },
		{ "le ", "a \xc3\xa9" "crit\xc2\xa0:" },
		{ "le ", "a \xc3\xa9" "crit:" },
		{ "em ", "escreveu:" }, { "a ", "escreveu:" },
		{ "il ", "ha scritto:" }, { "op ", "schreef:" },
		{ "am ", ":" }, { "den ", "skrev:" }, { "p\xc3\xa5 ", "skrev:" },
		{ "w dniu ", ":" }, { "dnia ", ":" }
	};
	struct line first = line_at(s), l = first;

	for (int n = 1; n <= FOLDED && l.len > 0; n++) {
		if (n > 1 && is_quoted(&l))
			break;
		for (size_t i = 0; i < COUNT(forms); i++)
			if (begins(&first, forms[i].first) &&
			    ends(l.s, l.len, forms[i].last) &&
			    strpbrk(first.s, "0123456789") != NULL &&
			    strpbrk(first.s, "0123456789") < l.s + l.len)
				return n;
		/* "2026-11-20 12:00 GMT-06:00 Ana <ana@example.net>:" */
		if (isdigit((unsigned char)first.s[0]) &&
		    ends(l.s, l.len, ">:"))
			return n;
		l = line_at(l.next);
	}
	/* "Clínica Sol <citas@clinic.example> escribió:" */
	return first.len > 0 && memchr(first.s, '@', first.len) != NULL &&
	    (ends(first.s, first.len, "wrote:") ||
	    ends(first.s, first.len, "escribi\xc3\xb3:")) ? 1 : 0;
}

static bool
is_field(const struct line *l, const char *const *names, size_t count)
{
	struct line bare = *l;

	/* Programs that write bold as stars. */
	while (bare.len > 0 && *bare.s == '*') {
		bare.s++;
		bare.len--;
	}
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(names[i]);

		if (begins(&bare, names[i]) && bare.len > n &&
		    (bare.s[n] == ':' || bare.s[n] == '*' ||
		    strncmp(bare.s + n, " :", 2) == 0))
			return true;
	}
	return false;
}

/* "De: Clínica Sol", and soon after it "Enviado:" or its like. */
static bool
is_head(const char *s)
{
	static const char *const from[] = { "From", "De", "Von", "Da", "Van",
	    "Fr\xc3\xa5n", "Fra", "Od" };
	static const char *const others[] = { "Sent", "Date", "To", "Subject",
	    "Enviado", "Enviado el", "Fecha", "Para", "Asunto",
	    "Envoy\xc3\xa9", "Objet", "\xc3\x80", "Gesendet", "An", "Betreff",
	    "Data", "Assunto", "Inviato", "Oggetto", "A", "Verzonden",
	    "Skickat", "Wys\xc5\x82" "ano" };
	struct line l = line_at(s);

	if (!is_field(&l, from, COUNT(from)))
		return false;
	for (int i = 0; i < HEAD && *l.next != '\0'; i++) {
		l = line_at(l.next);
		if (is_field(&l, others, COUNT(others)))
			return true;
	}
	return false;
}

/* "-----Mensaje original-----", or a line of nothing but underscores. */
static bool
is_ruler(const struct line *l)
{
	static const char *const words[] = { "original message",
	    "mensaje original", "message d'origine",
	    "urspr\xc3\xbcngliche nachricht", "mensagem original",
	    "messaggio originale", "forwarded message",
	    "mensaje reenviado", "begin forwarded message" };
	size_t n = 0;

	while (n < l->len && (l->s[n] == '-' || l->s[n] == '_'))
		n++;
	if (n >= 20 && n == l->len)
		return true;
	while (n < l->len && l->s[n] == ' ')
		n++;
	for (size_t i = 0; i < COUNT(words); i++)
		if (l->len - n >= strlen(words[i]) && strncasecmp(l->s + n,
		    words[i], strlen(words[i])) == 0)
			return l->s[0] == '-' || l->s[0] == '_' ||
			    ends(l->s, l->len, ":") || strcmp(words[i],
			    "begin forwarded message") == 0;
	return false;
}

static bool
is_signature(const struct line *l)
{
	static const char *const words[] = { "Sent from my ", "Sent from Mail",
	    "Sent from Yahoo", "Sent from Outlook", "Sent from AOL",
	    "Sent from Proton", "Sent with ", "Sent via ",
	    "Get Outlook for", "Obtener Outlook para",
	    "Obt\xc3\xa9n Outlook para", "Enviado desde mi ",
	    "Enviado desde Yahoo", "Enviado desde Outlook",
	    "Enviado desde Correo", "Enviado con ", "Enviado a trav\xc3\xa9s ",
	    "Enviado do meu", "Envoy\xc3\xa9 de mon", "Envoy\xc3\xa9 depuis",
	    "Von meinem ", "Gesendet von ", "Inviato da ",
	    "Verstuurd vanaf", "Download Outlook" };

	if ((l->len == 2 && memcmp(l->s, "--", 2) == 0) ||
	    (l->len == 3 && memcmp(l->s, "\xe2\x80\x94", 3) == 0))
		return true;
	for (size_t i = 0; i < COUNT(words); i++)
		if (begins(l, words[i]) && l->len < 80)
			return true;
	return false;
}

/* The first line from `s` on that has anything in it. */
static struct line
first_line(const char *s)
{
	struct line l = line_at(s);

	while (l.len == 0 && *l.next != '\0')
		l = line_at(l.next);
	return l;
}

/* Where the text goes on behind lines with '>'. */
static const char *
behind_quote(const char *s)
{
	struct line l = line_at(s);

	while (*s != '\0' && (is_quoted(&l) || l.len == 0)) {
		s = l.next;
		l = line_at(s);
	}
	return s;
}

/*
 * Behind whatever is not the person's at `s`; NULL: nothing more is; `s`: the
 * line is theirs.
 */
static const char *
skip(const char *s)
{
	struct line l = line_at(s);
	int n = announcement(s);

	if (is_quoted(&l))
		return behind_quote(s);
	if (is_ruler(&l) || is_head(s) || is_signature(&l))
		return NULL;
	if (n == 0)
		return s;
	for (; n > 0; n--) {
		s = l.next;
		l = line_at(s);
	}
	l = first_line(s);
	return is_quoted(&l) ? behind_quote(s) : NULL;
}

void
mail_own_words(const char *text, struct buf *out)
{
	const char *next;
	struct line l;

	while (text != NULL && *text != '\0') {
		next = skip(text);
		if (next != text) {
			text = next;
			continue;
		}
		l = line_at(text);
		/* One empty line divides as well as many. */
		if (out->len > 0 && (l.len > 0 ||
		    !ends(out->data, out->len, "\n")))
			buf_char(out, '\n');
		buf_add(out, l.s, l.len);
		text = l.next;
	}
	while (out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
}
