#include "reply.h"

#include <stdbool.h>

#include "reply_lexicon.h"

#define BIT(kind)	(1U << (kind))
#define YES	(BIT(KIND_YES) | BIT(KIND_COMING))
#define CANCELS	(BIT(KIND_CANCEL) | BIT(KIND_CANCEL_FIRM) | \
	BIT(KIND_CANCEL_REQUEST))
#define FIRM_NO	(BIT(KIND_NOT_COMING) | BIT(KIND_CANCEL_FIRM) | \
	BIT(KIND_CANCEL_REQUEST))
#define NO	(BIT(KIND_NO) | BIT(KIND_NEGATION) | BIT(KIND_NOT_COMING) | \
	CANCELS)
#define DENIES	(BIT(KIND_NO) | BIT(KIND_NEGATION))
#define TIMES	(BIT(KIND_DAY) | BIT(KIND_HOUR))
#define KEYWORDS (BIT(KIND_STOP) | BIT(KIND_START) | BIT(KIND_HELP))
#define OBJECTS	(NO | BIT(KIND_STOP_WISH) | BIT(KIND_RESCHEDULE) | \
	BIT(KIND_MAYBE) | BIT(KIND_UNTIL) | BIT(KIND_REGRET))
/* What may stand beside anything. */
#define NOTHING	(BIT(KIND_POLITE) | BIT(KIND_GREETING) | BIT(KIND_CLOSING))
/* Kinds that say something: "no, gracias, cancelo" is about the no. */
#define SAYS(kind)	((kind) < KIND_REGRET)

/* What has been found in a message, from its beginning to `at`. */
struct scan {
	struct reply_text text;
	struct reply_spellings spellings[REPLY_WORDS_MAX];
	size_t at;
	unsigned int seen;	/* BIT() of each kind */
	enum reply_kind before;	/* of this clause, KIND_MAX: none */
	bool negated;		/* this clause has a no, words ago perhaps */
	bool unknown;		/* some word is in no phrase */
	bool unknown_here;	/* in this clause */
	bool denied;		/* what stops or cancels is itself denied */
	unsigned int names;	/* words that may follow and be a name */
	bool names_anywhere;	/* also behind punctuation */
	bool dated;		/* a time that follows tells which appointment */
};

static void
begin_clause(struct scan *s)
{
	s->before = KIND_MAX;
	s->negated = s->unknown_here = s->dated = false;
	if (!s->names_anywhere)
		s->names = 0;
}

/* A word that no list has, where "Hola Ana," or "Atte. Juan" has a name. */
static bool
is_name(const struct scan *s)
{
	const struct reply_spellings *word = &s->spellings[s->at];

	return s->names > 0 && word->count == 0 && !word->doubtful;
}

static void
pass_unknown(struct scan *s)
{
	if (is_name(s))
		s->names--;
	else {
		s->unknown = s->unknown_here = true;
		s->dated = false;
		s->names = 0;
	}
}

static void
expect_names(struct scan *s, enum reply_kind kind)
{
	s->names = kind == KIND_GREETING || kind == KIND_NAMED ? 2 :
	    kind == KIND_CLOSING ? 4 : 0;
	s->names_anywhere = kind == KIND_CLOSING;
}

/*
 * "no cancelo", and "no quiero que mi hijo cancele": a no right before what
 * cancels or stops, or words before it that are not understood.
 */
static bool
is_denied(const struct scan *s, enum reply_kind kind)
{
	bool turns = (BIT(kind) & (CANCELS | BIT(KIND_STOP_WISH))) != 0;
	bool told = turns || kind == KIND_NOT_COMING;

	if (turns && s->before < KIND_MAX && (BIT(s->before) & DENIES) != 0)
		return true;
	return told && s->negated && s->unknown_here;
}

static void
note(struct scan *s, enum reply_kind kind)
{
	if (kind == KIND_YES_ACCENTED)
		kind = s->text.words[s->at].accented ? KIND_YES : KIND_MAYBE;
	if (s->dated && (BIT(kind) & TIMES) != 0)
		return;
	s->dated = kind == KIND_APPOINTMENT || kind == KIND_NAMED ||
	    (s->dated && kind == KIND_FILLER);
	s->denied = s->denied || is_denied(s, kind);
	s->negated = s->negated || (BIT(kind) & DENIES) != 0;
	s->seen |= BIT(kind);
	if (SAYS(kind))
		s->before = kind;
	expect_names(s, kind);
}

static void
scan(struct scan *s)
{
	enum reply_kind kind;
	size_t n;

	for (s->before = KIND_MAX; s->at < s->text.count; s->at += n) {
		if (s->text.words[s->at].apart)
			begin_clause(s);
		n = reply_lexicon_longest(&s->text, s->spellings, s->at, false,
		    &kind);
		if (n > 0)
			note(s, kind);
		else {
			pass_unknown(s);
			n = 1;
		}
	}
}

/* Of the times that it names, none is the appointment's. */
static bool
names_other_time(unsigned int seen)
{
	/* "no puedo hasta el lunes", "sí, pero a las 5" */
	if ((seen & (BIT(KIND_UNTIL) | BIT(KIND_MAYBE))) != 0 &&
	    (seen & TIMES) != 0 && (seen & (NO | YES)) != 0)
		return (seen & CANCELS) == 0;
	/* "no a las 5" */
	if ((seen & BIT(KIND_HOUR)) != 0 && (seen & NO) != 0)
		return (seen & CANCELS) == 0;
	/* "mañana no puedo", while "no puedo ir mañana" says all of it. */
	return (seen & BIT(KIND_DAY)) != 0 && (seen & DENIES) != 0 &&
	    (seen & FIRM_NO) == 0;
}

/* What is asked for, whatever else is said. */
static enum reply_intent
wish_of(const struct scan *s)
{
	unsigned int seen = s->seen;

	if ((seen & BIT(KIND_STOP_WISH)) != 0 && !s->denied &&
	    (seen & BIT(KIND_UNTIL)) == 0)
		return REPLY_STOP;
	if ((seen & BIT(KIND_WRONG_NUMBER)) != 0 && (seen & YES) == 0)
		return (seen & BIT(KIND_STOP)) != 0 && !s->unknown ?
		    REPLY_STOP : REPLY_WRONG_NUMBER;
	if ((seen & BIT(KIND_RESCHEDULE)) != 0)
		return REPLY_RESCHEDULE;
	if (names_other_time(seen))
		return REPLY_RESCHEDULE;
	return (seen & BIT(KIND_QUESTION)) != 0 ? REPLY_QUESTION : REPLY_MAX;
}

/* A question mark behind a word or two makes them doubtful, no more. */
static enum reply_intent
intent_of_question(const struct scan *s)
{
	if ((s->seen & BIT(KIND_CANCEL_REQUEST)) != 0 && !s->denied &&
	    (s->seen & (YES | BIT(KIND_MAYBE))) == 0)
		return REPLY_DECLINE;
	return s->unknown || s->text.count > 2 ? REPLY_QUESTION :
	    REPLY_UNCLEAR;
}

/* All of it is known. */
static enum reply_intent
intent_of_known(unsigned int seen)
{
	unsigned int said = seen & (YES | NO | KEYWORDS);

	if ((said & YES) != 0 && (said & ~YES) == 0)
		return (seen & (BIT(KIND_REGRET) | BIT(KIND_HOUR))) != 0 ||
		    ((seen & BIT(KIND_DAY)) != 0 &&
		    (said & BIT(KIND_COMING)) == 0) ? REPLY_UNCLEAR :
		    REPLY_CONFIRM;
	if ((said & NO) != 0 && (said & ~NO) == 0)
		return REPLY_DECLINE;
	/* "baja la cita" speaks of the appointment, not of messages. */
	if ((seen & ~(said | NOTHING | BIT(KIND_REGRET))) != 0)
		return REPLY_UNCLEAR;
	if (said == BIT(KIND_STOP))
		return REPLY_STOP;
	if (said == BIT(KIND_START))
		return REPLY_START;
	return said == BIT(KIND_HELP) ? REPLY_HELP : REPLY_UNCLEAR;
}

static enum reply_intent
intent_of(const struct scan *s)
{
	enum reply_intent wish = wish_of(s);

	if (wish != REPLY_MAX)
		return wish;
	if (s->text.question)
		return intent_of_question(s);
	if (s->denied || (s->seen & (BIT(KIND_MAYBE) | BIT(KIND_UNTIL) |
	    BIT(KIND_STOP_WISH) | BIT(KIND_WRONG_NUMBER))) != 0)
		return REPLY_UNCLEAR;
	if (!s->unknown)
		return intent_of_known(s->seen);
	return (s->seen & FIRM_NO) != 0 && (s->seen & (YES | KEYWORDS)) == 0 ?
	    REPLY_DECLINE : REPLY_UNCLEAR;
}

/* False when it is too long to be understood, or no text. */
static bool
read_words(struct scan *s, const char *utf8, size_t len)
{
	if (!reply_read(utf8, len, &s->text))
		return false;
	for (size_t i = 0; i < s->text.count; i++)
		reply_lexicon_spell(&s->text.words[i], &s->spellings[i]);
	return true;
}

enum reply_intent
reply_classify(const char *utf8, size_t len)
{
	struct scan s = { .at = 0 };
	enum reply_kind kind;

	if (!read_words(&s, utf8, len))
		return REPLY_UNCLEAR;
	if (s.text.count == 0)
		return s.text.question ? REPLY_UNCLEAR : REPLY_EMPTY;
	if (!s.text.question && reply_lexicon_longest(&s.text, s.spellings, 0,
	    true, &kind) == s.text.count)
		return kind == KIND_YES_ALONE ? REPLY_CONFIRM : REPLY_DECLINE;
	scan(&s);
	return intent_of(&s);
}

bool
reply_objects(const char *utf8, size_t len)
{
	struct scan s = { .at = 0 };

	if (!read_words(&s, utf8, len))
		return false;
	scan(&s);
	return (s.seen & OBJECTS) != 0;
}

const char *
reply_intent_name(enum reply_intent intent)
{
	static const char *const name[] = {
		[REPLY_CONFIRM] = "confirm", [REPLY_DECLINE] = "decline",
		[REPLY_RESCHEDULE] = "reschedule",
		[REPLY_STOP] = "stop", [REPLY_START] = "start",
		[REPLY_HELP] = "help", [REPLY_QUESTION] = "question",
		[REPLY_WRONG_NUMBER] = "wrong_number",
		[REPLY_CALL_BACK] = "call_back",
		[REPLY_AUTOMATIC] = "automatic",
		[REPLY_UNCLEAR] = "unclear",
		[REPLY_EMPTY] = "empty"
	};

	return name[intent];
}
