#include "reply_read.h"

#include <stdint.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "base/error.h"
#include "base/unicode.h"
#include "reply.h"

#define FOLDED_MAX	(4 * REPLY_TEXT_MAX)	/* 16-bit units */
#define ACUTE		0x301

/* What no list has: a word too long to be in one, a letter struck out. */
static const char unknown[] = "(unknown)";

static struct reply_word *
begin_word(struct reply_text *t)
{
	struct reply_word *w;

	if (t->count == REPLY_WORDS_MAX) {
		t->full = true;
		return NULL;
	}
	w = &t->words[t->count++];
	memset(w, 0, sizeof(*w));
	w->apart = t->apart;
	t->apart = false;
	t->len = 0;
	return w;
}

/* Appends the character; a word that is too long is unknown for good. */
static void
append(struct reply_text *t, struct reply_word *w, UChar32 c)
{
	uint8_t utf8[U8_MAX_LENGTH];
	size_t n = 0;

	U8_APPEND_UNSAFE(utf8, n, (uint32_t)c);
	if (t->len + n >= sizeof(w->text)) {
		memcpy(w->text, unknown, sizeof(unknown));
		t->len = sizeof(w->text);
		return;
	}
	memcpy(w->text + t->len, utf8, n);
	t->len += n;
}

/* "10am" is two words, a number and what it counts. */
static void
add_letter(struct reply_text *t, UChar32 c)
{
	bool digit = c < 0x80 && u_isdigit(c);
	struct reply_word *w = t->len == 0 ? NULL : &t->words[t->count - 1];

	if (w == NULL || (w->number && !digit)) {
		w = begin_word(t);
		if (w != NULL)
			w->number = digit;
	}
	if (w == NULL)
		return;
	w->number = w->number && digit;
	append(t, w, c);
}

/* Symbols, also "~", which strikes a word out in WhatsApp. */
static void
add_symbol(struct reply_text *t, UChar32 c)
{
	struct reply_word *w = begin_word(t);

	if (w != NULL)
		append(t, w, c);
	t->len = 0;
}

/*
 * Spaces and apostrophes join ("can't", and so does the acute that stands for
 * one, which has become a space), a hyphen behind a letter ("opt-out"), and
 * what stands inside a number ("10:30"); other punctuation and a new line set
 * apart.
 */
static void
add_separator(struct reply_text *t, UChar32 c, UChar32 next)
{
	bool inside = t->len > 0 && t->words[t->count - 1].number &&
	    next < 0x80 && u_isdigit(next);
	bool joins = c == '\'' || c == 0x2019 || c == '`' || inside ||
	    (c == '-' && t->len > 0) ||
	    (u_isUWhiteSpace(c) && c != '\n' && c != '\r');

	t->len = 0;
	t->apart = t->apart || !joins;
	t->question = t->question || c == '?' || c == 0xbf || c == 0x61f;
}

/*
 * Accents that NFD split off, and a keycap's frame; one of class 1 strikes the
 * letter out.
 */
static void
add_mark(struct reply_text *t, UChar32 c)
{
	if (u_getCombiningClass(c) == 1)
		add_symbol(t, c);
	else if (c == ACUTE && t->len > 0)
		t->words[t->count - 1].accented = true;
}

/*
 * Not said: colours of skin and sexes, which are part of the emoji before them.
 */
static bool
is_part_of_emoji(UChar32 c)
{
	return (c >= 0x1f3fb && c <= 0x1f3ff) || c == 0x2640 || c == 0x2642;
}

static void
add_character(struct reply_text *t, UChar32 c, UChar32 next)
{
	uint32_t type = U_GET_GC_MASK(c);

	if (is_part_of_emoji(c))
		return;
	if ((type & U_GC_M_MASK) != 0)
		add_mark(t, c);
	else if ((type & (U_GC_L_MASK | U_GC_N_MASK)) != 0)
		add_letter(t, c);
	else if ((type & U_GC_S_MASK) != 0 && c != '`')
		add_symbol(t, c);
	else
		add_separator(t, c, next);
}

/*
 * NFKC_Casefold removes case, width and what is invisible (UAX #31); NFD
 * then sets the accents apart.  -1 when it does not fit.
 */
static int32_t
fold(const char *utf8, size_t len, UChar32 out[FOLDED_MAX])
{
	UChar wide[REPLY_TEXT_MAX], folded[FOLDED_MAX], apart[FOLDED_MAX];
	UErrorCode rc = U_ZERO_ERROR;
	int32_t n;

	u_strFromUTF8(wide, REPLY_TEXT_MAX, &n, utf8, (int32_t)len, &rc);
	n = unorm2_normalize(unorm2_getNFKCCasefoldInstance(&rc), wide, n,
	    folded, FOLDED_MAX, &rc);
	n = unorm2_normalize(unorm2_getNFDInstance(&rc), folded, n, apart,
	    FOLDED_MAX, &rc);
	u_strToUTF32(out, FOLDED_MAX, &n, apart, n, &rc);
	return U_SUCCESS(rc) ? n : -1;
}

bool
reply_read(const char *utf8, size_t len, struct reply_text *out)
{
	UChar32 text[FOLDED_MAX];
	int32_t n;

	/* Each word is cleared as it begins. */
	out->count = out->len = 0;
	out->apart = out->question = out->full = false;
	if (len > REPLY_TEXT_MAX || !utf8_valid(utf8, len))
		return false;
	n = fold(utf8, len, text);
	for (int32_t i = 0; i < n; i++)
		add_character(out, text[i], i + 1 < n ? text[i + 1] : 0);
	return n >= 0 && !out->full;
}
