#include "lint_impl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

/*
 * Words that are taken for a STOP by carriers, and by omni-ingest, whatever
 * their case.  In capitals they are meant as an answer; in small letters most
 * are words like others ("to cancel, call us"), unless the text asks for them.
 */

static const struct stop_word {
	const char *word;
	bool is_plain;	/* nobody takes it for anything else */
} stop_words[] = {
	{ "ALTO", true },
	{ "BAJA", true },
	{ "CANCEL", false },
	{ "END", false },
	{ "OPTOUT", true },
	{ "PARAR", true },
	{ "QUIT", false },
	{ "REVOKE", false },
	{ "SALIR", true },
	{ "STOP", true },
	{ "STOPALL", true },
	{ "UNSUBSCRIBE", true }
};

/* What asks for an answer, directly before it or before a list of answers. */
static const char *const asking[] = { "reply", "responda", "responde",
	"responder", "conteste", "contesta", "contestar", "envíe",
	"ENVÍE", "envie", "envía", "ENVÍA", "envia", "text",
	NULL };
static const char *const between[] = { "or", "o", "u", NULL };
/* Answers in small letters; "text us or cancel" is no list of them. */
static const char *const answers[] = { "yes", "no", "si", "sí", "ok",
	"confirm", "confirmo", "confirmar", NULL };

static const struct stop_word *
find_stop_word(const char *s, size_t len)
{
	for (size_t i = 0; i < sizeof(stop_words) / sizeof(stop_words[0]); i++)
		if (strlen(stop_words[i].word) == len &&
		    strncasecmp(stop_words[i].word, s, len) == 0)
			return &stop_words[i];
	return NULL;
}

static bool
is_letter(char c)
{
	return isalnum((unsigned char)c) || ((unsigned char)c & 0x80) != 0 ||
	    c == '_';
}

static bool
is_capital(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (islower((unsigned char)s[i]))
			return false;
	return len > 0;
}

static bool
is_one_of(const char *const *list, const char *s, size_t len)
{
	for (; *list != NULL; list++)
		if (strlen(*list) == len && strncasecmp(*list, s, len) == 0)
			return true;
	return false;
}

/* The word that ends before *p, which moves to its start; its length. */
static size_t
take_word_before(const char *text, const char **p, bool *listed)
{
	const char *end;

	for (; *p > text && strchr(" \"'*:,/", (*p)[-1]) != NULL; --*p)
		*listed |= (*p)[-1] == ',' || (*p)[-1] == '/';
	for (end = *p; *p > text && is_letter((*p)[-1]);)
		--*p;
	return (size_t)(end - *p);
}

static bool
is_answer(const char *s, size_t len)
{
	return is_capital(s, len) || is_one_of(answers, s, len) ||
	    find_stop_word(s, len) != NULL;
}

/*
 * "Reply *stop*", "responda sí, no o baja": whether it is asked for, directly
 * or at the end of a list of answers.
 */
static bool
is_asked_for(const char *text, const char *p)
{
	bool listed;
	size_t len;

	do {
		listed = false;
		len = take_word_before(text, &p, &listed);
		if (!listed && is_one_of(asking, p, len))
			return true;
		if (is_one_of(between, p, len))
			len = take_word_before(text, &p, &listed);
	} while (is_answer(p, len));
	return false;
}

/* A copy of the same length, in which typographic quotes are plain ones. */
static char *
with_plain_quotes(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		die(EX_OSERR, "out of memory");
	for (unsigned char *c = (unsigned char *)copy; *c != '\0'; c++)
		if (c[0] == 0xe2 && c[1] == 0x80 && c[2] >= 0x98 &&
		    c[2] <= 0x9f)
			memset(c, '"', 3);
		else if (c[0] == 0xc2 && (c[1] == 0xab || c[1] == 0xbb))
			memset(c, '"', 2);
	return copy;
}

static void
tell_stop_word(struct lint *l, const char *file, const char *text,
    const char *at, const struct stop_word *w)
{
	size_t line = 1, column = 1;

	for (const char *p = text; p < at; p++)
		if (*p == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)*p & 0xc0) != 0x80)
			column++;
	lint_add_in(l, LINT_WARNING, file, text, line, column, "%s is taken "
	    "for a STOP: whoever answers it gets no more messages", w->word);
}

static void
check_words(struct lint *l, const char *file, const char *source,
    const char *text)
{
	const struct stop_word *w;
	size_t len;

	for (const char *p = text; *p != '\0'; p += len) {
		for (len = 0; is_letter(p[len]); len++)
			continue;
		w = find_stop_word(p, len);
		if (w != NULL && (!w->is_plain || lint_is_about_something(l)) &&
		    (is_capital(p, len) || is_asked_for(text, p)))
			tell_stop_word(l, file, source, source + (p - text),
			    w);
		len += len == 0;
	}
}

/* Marketing and greetings rightly tell people how to stop them. */
void
lint_stop_words(struct lint *l, const char *language)
{
	static const enum part parts[] = { PART_SMS, PART_WHATSAPP };
	const char *class = l->set->meta->class, *source;
	char *text;

	if (class != NULL && strcmp(class, "marketing") == 0)
		return;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		source = templates_source(l->set, language, parts[i]);
		if (source == NULL)
			continue;
		text = with_plain_quotes(source);
		check_words(l, template_name(templates_own_part(l->set,
		    language, parts[i])), source, text);
		free(text);
	}
}
