#include "moment.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "base/unicode.h"

#define INPUT_MAX	64	/* bytes of a time that is read */
#define TEXT_MAX	128	/* bytes of what ICU writes */

/*
 * Words.  The abbreviations are Django's; its long Spanish names begin with a
 * capital, which no Spanish date does, and are small here.
 */
const struct words words_spanish = {
	{
		[WEEKDAY] = (const char *const[]){ "domingo", "lunes",
		    "martes", "mi\xc3\xa9rcoles", "jueves", "viernes",
		    "s\xc3\xa1" "bado" },
		[WEEKDAY_ABBR] = (const char *const[]){ "Dom", "Lun", "Mar",
		    "Mi\xc3\xa9", "Jue", "Vie", "S\xc3\xa1" "b" },
		[MONTH] = (const char *const[]){ "enero", "febrero", "marzo",
		    "abril", "mayo", "junio", "julio", "agosto", "septiembre",
		    "octubre", "noviembre", "diciembre" },
		[MONTH_3] = (const char *const[]){ "ene", "feb", "mar", "abr",
		    "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic" },
		[MONTH_AP] = (const char *const[]){ "Ene.", "Feb.", "Mar.",
		    "Abr.", "Mayo", "Jun.", "Jul.", "Ago.", "Sept.", "Oct.",
		    "Nov.", "Dic." },
		[HALF] = (const char *const[]){ "a.m.", "p.m." },
		[NOON] = (const char *const[]){ "medianoche",
		    "mediod\xc3\xad" "a" }
	},
	(const char *const[]){ "dom", "lun", "mar", "mie", "jue", "vie",
	    "sab" }
};

const struct words words_english = {
	{
		[WEEKDAY] = (const char *const[]){ "Sunday", "Monday",
		    "Tuesday", "Wednesday", "Thursday", "Friday",
		    "Saturday" },
		[WEEKDAY_ABBR] = (const char *const[]){ "Sun", "Mon", "Tue",
		    "Wed", "Thu", "Fri", "Sat" },
		[MONTH] = (const char *const[]){ "January", "February",
		    "March", "April", "May", "June", "July", "August",
		    "September", "October", "November", "December" },
		[MONTH_3] = (const char *const[]){ "jan", "feb", "mar", "apr",
		    "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec" },
		[MONTH_AP] = (const char *const[]){ "Jan.", "Feb.", "March",
		    "April", "May", "June", "July", "Aug.", "Sept.", "Oct.",
		    "Nov.", "Dec." },
		[HALF] = (const char *const[]){ "a.m.", "p.m." },
		[NOON] = (const char *const[]){ "midnight", "noon" }
	},
	(const char *const[]){ "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
	    "Sat" }
};

static void
choose_language(struct writer *w)
{
	w->locale = filter_language(w->c);
	w->words = filter_language_is(w->c, "es") ? &words_spanish :
	    filter_language_is(w->c, "en") ? &words_english : NULL;
}

/* Reading. */

/* The digits after the seconds; the clock has no use for them. */
static int
read_micro(const char *s)
{
	const char *dot = strchr(s, '.');
	int micro = 0, unit = 100000;

	for (s = dot == NULL ? "" : dot + 1; *s >= '0' && *s <= '9'; s++) {
		micro += (*s - '0') * unit;
		unit /= 10;
	}
	return micro;
}

bool
moment_set(struct moment *m, const char *zone, instant t)
{
	if (!zone_look(zone, t, &m->zone))
		return false;
	m->wall = t + m->zone.offset;
	civil_from_utc(m->wall, &m->local);
	m->has_date = m->has_time = true;
	return true;
}

/* "2026-11-24", or "10:30" with or without seconds; of no zone. */
static bool
read_half(const char *s, struct moment *m)
{
	char text[INPUT_MAX + 16];

	m->has_date = s[0] != '\0' && s[1] != '\0' && s[2] != ':';
	m->has_time = !m->has_date;
	snprintf(text, sizeof(text), m->has_date ? "%sT00:00" :
	    "2000-01-01T%s", s);
	if (!civil_parse(text, &m->local))
		return false;
	m->wall = civil_to_utc(&m->local);
	civil_from_utc(m->wall, &m->local);
	return true;
}

/* False when it is no time, or when there is no such zone. */
static bool
read_moment(struct writer *w, const struct tval *in)
{
	const char *zone = w->c->env->timezone;
	char s[INPUT_MAX];
	instant t;

	if (in->type != TVAL_STRING || in->len == 0 || in->len >= INPUT_MAX ||
	    memchr(in->text, '\0', in->len) != NULL)
		return false;
	memcpy(s, in->text, in->len);
	s[in->len] = '\0';
	zone = zone == NULL ? "UTC" : zone;
	if (!zone_is_valid(zone)) {
		w->fault = "cannot be written without a valid time zone";
		return false;
	}
	w->m.micro = read_micro(s);
	if (clock_parse(s, &t) || (civil_parse(s, &w->m.local) &&
	    zone_from_local(zone, &w->m.local, &t)))
		return moment_set(&w->m, zone, t);
	return read_half(s, &w->m);
}

/* Writing. */

instant
moment_day(instant wall)
{
	return wall >= 0 ? wall / 86400 : -((-wall + 86399) / 86400);
}

bool
writer_is_well(const struct writer *w)
{
	return w->unfit == NULL && w->fault == NULL;
}

/*
 * Special spaces become plain ones; in a `plain` text accents and dots go, so
 * that it stays in the alphabet of SMS.  False when it does not fit.
 */
static bool
simplify(char text[TEXT_MAX], bool plain)
{
	UChar wide[TEXT_MAX], apart[TEXT_MAX];
	UErrorCode rc = U_ZERO_ERROR;
	const UNormalizer2 *form = plain ? unorm2_getNFDInstance(&rc) :
	    unorm2_getNFCInstance(&rc);
	int32_t len, kept = 0;

	u_strFromUTF8(wide, TEXT_MAX, &len, text, -1, &rc);
	len = unorm2_normalize(form, wide, len, apart, TEXT_MAX, &rc);
	for (int32_t i = 0; U_SUCCESS(rc) && i < len; i++) {
		if (plain && (apart[i] == '.' ||
		    u_charType(apart[i]) == U_NON_SPACING_MARK))
			continue;
		apart[kept++] = u_isUWhiteSpace(apart[i]) ? ' ' : apart[i];
	}
	u_strToUTF8(text, TEXT_MAX, &len, apart, kept, &rc);
	return U_SUCCESS(rc) && len < TEXT_MAX;
}

void
writer_add_icu(struct writer *w, const char *pattern, bool literal, bool plain)
{
	char text[TEXT_MAX];

	if (wall_date_text(w->locale, w->m.wall, pattern, literal, text,
	    TEXT_MAX) && simplify(text, plain))
		buf_str(&w->out, text);
	else
		w->fault = "cannot be written in this language";
}

static size_t
index_of(const struct moment *m, enum word word)
{
	switch (word) {
	case WEEKDAY:
	case WEEKDAY_ABBR:
		return (size_t)m->local.weekday;
	case HALF:
	case NOON:
		return m->local.hour >= 12;
	default:
		return (size_t)m->local.month - 1;
	}
}

const char *
writer_word(const struct writer *w, enum word word)
{
	return w->words->words[word][index_of(&w->m, word)];
}

void
writer_add_word(struct writer *w, enum word word)
{
	static const char *const patterns[WORD_TYPES] = {
		[WEEKDAY] = "cccc", [WEEKDAY_ABBR] = "ccc", [MONTH] = "LLLL",
		[MONTH_3] = "LLL", [MONTH_AP] = "MMM", [HALF] = "a",
		[NOON] = "b"
	};

	if (w->words == NULL)
		writer_add_icu(w, patterns[word], true, false);
	else
		buf_str(&w->out, writer_word(w, word));
}

void
writer_add_capital(struct writer *w, enum word word)
{
	size_t at = w->out.len;

	writer_add_word(w, word);
	if (w->out.len > at && w->out.data[at] >= 'a' &&
	    w->out.data[at] <= 'z')
		w->out.data[at] = (char)(w->out.data[at] - 'a' + 'A');
}

/* The frame of all filters. */

bool
writer_begin(struct writer *w, struct call *c, const struct tval *in)
{
	*w = (struct writer){ .c = c, .out = BUF_INIT(TEMPLATE_VALUE_MAX) };
	choose_language(w);
	if (!read_moment(w, in) && w->fault == NULL)
		w->unfit = "is not a time";
	return writer_is_well(w);
}

int
writer_end(struct writer *w, struct tval *out)
{
	struct tval none = TVAL_TEXT("", 0);

	if (writer_is_well(w))
		return filter_take(w->c, &w->out, out);
	buf_release(&w->out);
	if (w->fault != NULL)
		return filter_fail(w->c, out, none, "%s", w->fault);
	return filter_fail(w->c, out, none, "%s, as needed by the filter %s",
	    w->unfit, w->c->self->name);
}
