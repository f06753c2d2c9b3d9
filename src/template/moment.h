#ifndef OMNI_TEMPLATE_MOMENT_H
#define OMNI_TEMPLATE_MOMENT_H

#include "base/clock.h"
#include "base/zone.h"
#include "template/filter.h"

/*
 * Times as the reader's clock and language have them: what all filters of
 * times need.
 *
 * Spanish and English are written from tables, which do not change with the
 * version of ICU: CLDR 42 put U+202F before the AM of English, and one such
 * character turns an SMS of 160 characters into one of 70.  ICU serves all
 * other languages.
 */

/* A time, a date without a time, or a time of day without a date. */
struct moment {
	bool has_date, has_time;
	struct civil local;
	instant wall;			/* local, as if it were UTC */
	struct zone_state zone;
	int micro;
};

/* The reader's time at `t`; false when there is no such zone. */
bool moment_set(struct moment *m, const char *zone, instant t);
/* How many days from 1970-01-01. */
instant moment_day(instant wall);

enum word { WEEKDAY, WEEKDAY_ABBR, MONTH, MONTH_3, MONTH_AP, HALF, NOON,
	WORD_TYPES };

/* By what a moment has: seven weekdays, twelve months, two halves of a day. */
struct words {
	const char *const *words[WORD_TYPES];
	const char *const *short_weekdays;	/* in the alphabet of SMS */
};

extern const struct words words_spanish, words_english;

/* One filter at work. */
struct writer {
	struct call *c;
	struct moment m;
	const struct words *words;	/* NULL: by ICU */
	const char *locale;
	struct buf out;
	/* NULL as long as all is well: */
	const char *unfit;		/* what the value is instead */
	const char *fault;		/* anything else */
};

bool writer_is_well(const struct writer *w);
/* Reads the time; false when it is none. */
bool writer_begin(struct writer *w, struct call *c, const struct tval *in);
/* What was written, or filter_fail() with what is amiss; -1 as there. */
int writer_end(struct writer *w, struct tval *out);
/*
 * Adds what ICU makes of the pattern, or of the skeleton if it is not
 * `literal`; in a `plain` text accents and dots go.
 */
void writer_add_icu(struct writer *w, const char *pattern, bool literal,
    bool plain);
/* A word, which `words` must have. */
const char *writer_word(const struct writer *w, enum word word);
/* Adds one in any language; with a capital. */
void writer_add_word(struct writer *w, enum word word);
void writer_add_capital(struct writer *w, enum word word);

#endif
