#include "phonebook.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

#include "base/launcher.h"
#include "message/dialled.h"

#define RAW_MAX		200	/* a telephone number as written, in bytes */
#define ANSWER_MS	5000
#define AHEAD		512	/* questions without an answer */
#define BUCKETS		16384
#define CACHE_MAX	65536	/* numbers */
#define CACHE_BYTES	((size_t)8 * 1024 * 1024)

/*
 * When the helper fails, what is unanswered is asked again, one question at a
 * time, so that it is known at which one it fails.  A question left without
 * an answer by two helpers is refused for this run; the others go on.  But
 * after so many failures with no answer between them, or in all, no more
 * helpers are started: at five seconds each a run might not end.
 */
#define TRIES		2
#define FAILURES_IN_A_ROW 3
#define FAILURES_MAX	8

struct question {
	struct question *chain;		/* of the same bucket */
	struct question *next;		/* asked after this one */
	enum { WAITING, ANSWERED, FAILED } state;
	int tries;
	uintmax_t tag;
	char *answer;		/* FAILED: why */
	char number[];
};

struct phonebook {
	const char *program, *region;
	struct coprocess helper;
	struct launcher launcher;
	bool launched, running, given_up;
	int failures, in_a_row;
	size_t singly;		/* so many more go one at a time */
	struct question *bucket[BUCKETS];
	uint32_t seed;
	uintmax_t tags;
	char why[ERROR_MAX];	/* the last failure */
	/* From `due` to `newest` all wait, from `unsent` on in vain. */
	struct question *oldest, *newest, *due, *unsent;
	size_t count, bytes, waiting;
};

struct phonebook *
phonebook_new(const char *program, const char *region)
{
	struct phonebook *b = calloc(1, sizeof(*b));

	if (b == NULL)
		die(EX_OSERR, "out of memory");
	b->program = program;
	b->region = region;
	/* So that nobody can choose numbers that all share a bucket. */
	if (getrandom(&b->seed, sizeof(b->seed), GRND_NONBLOCK) == -1)
		b->seed = 0;
	return b;
}

void
phonebook_launch(struct phonebook *b)
{
	const char *argv[] = { b->program, NULL };

	launcher_start(&b->launcher, argv);
	b->launched = true;
}

static void
question_free(struct question *q)
{
	free(q->answer);
	free(q);
}

void
phonebook_free(struct phonebook *b)
{
	struct question *next;

	if (b == NULL)
		return;
	if (b->running)
		coprocess_stop(&b->helper);
	if (b->launched)
		launcher_close(&b->launcher);
	for (; b->oldest != NULL; b->oldest = next) {
		next = b->oldest->next;
		question_free(b->oldest);
	}
	free(b);
}

/*
 * Questions and their answers
 */

static struct question **
bucket_of(struct phonebook *b, const char *number)
{
	uint32_t h = 2166136261U ^ b->seed;	/* FNV-1a */

	for (const char *p = number; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 16777619U;
	return &b->bucket[(h ^ h >> 16) % BUCKETS];
}

static struct question *
find(struct phonebook *b, const char *number)
{
	struct question *q = *bucket_of(b, number);

	while (q != NULL && strcmp(q->number, number) != 0)
		q = q->chain;
	return q;
}

static size_t
size_of(const struct question *q)
{
	return sizeof(*q) + strlen(q->number) + 1 +
	    (q->answer == NULL ? 0 : strlen(q->answer) + 1);
}

/* The oldest make room, but what waits for its answer stays. */
static void
forget(struct phonebook *b)
{
	struct question *q, **at;

	while ((b->count > CACHE_MAX || b->bytes > CACHE_BYTES) &&
	    b->oldest->state != WAITING) {
		q = b->oldest;
		for (at = bucket_of(b, q->number); *at != q; )
			at = &(*at)->chain;
		*at = q->chain;
		b->oldest = q->next;
		b->count--;
		b->bytes -= size_of(q);
		question_free(q);
	}
}

static struct question *
add(struct phonebook *b, const char *number)
{
	size_t size = strlen(number) + 1;
	struct question **at = bucket_of(b, number), *q;

	q = calloc(1, sizeof(*q) + size);
	if (q == NULL)
		die(EX_OSERR, "out of memory");
	memcpy(q->number, number, size);
	q->tag = ++b->tags;
	q->chain = *at;
	*at = q;
	if (b->newest != NULL)
		b->newest->next = q;
	b->newest = q;
	if (b->oldest == NULL)
		b->oldest = q;
	if (b->due == NULL)
		b->due = q;
	if (b->unsent == NULL)
		b->unsent = q;
	b->waiting++;
	b->count++;
	b->bytes += size_of(q);
	forget(b);
	return q;
}

/* What was due has its answer, or never will. */
static void
settle(struct phonebook *b, const char *answer, bool answered)
{
	struct question *q = b->due;

	q->state = answered ? ANSWERED : FAILED;
	q->answer = strdup(answer);
	if (q->answer == NULL)
		die(EX_OSERR, "out of memory");
	b->bytes += strlen(answer) + 1;
	b->due = q->next;
	if (b->unsent == q)
		b->unsent = q->next;
	b->waiting--;
	if (b->singly > 0)
		b->singly--;
}

/*
 * The dialogue; see phonenumber(1)
 */

static bool
begins(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static void
send_questions(struct phonebook *b)
{
	char line[DIALLED_SIZE(RAW_MAX) + 64];
	int len;

	while (b->unsent != NULL && (b->singly == 0 || b->unsent == b->due)) {
		len = snprintf(line, sizeof(line), "%ju\t%s\t%s\n",
		    b->unsent->tag, b->region, b->unsent->number);
		coprocess_send(&b->helper, line, (size_t)len);
		b->unsent = b->unsent->next;
	}
}

static void
give_up(struct phonebook *b)
{
	b->given_up = true;
	while (b->due != NULL)
		settle(b, b->why, false);
}

static void
fail(struct phonebook *b, const struct error *e)
{
	snprintf(b->why, sizeof(b->why), "%s: %.200s", b->program, e->text);
	if (b->running)
		coprocess_stop(&b->helper);
	b->running = false;
	for (struct question *q = b->due; q != b->unsent; q = q->next)
		q->tries++;
	b->unsent = b->due;
	b->singly = b->waiting;
	b->failures++;
	b->in_a_row++;
	if (b->in_a_row == FAILURES_IN_A_ROW || b->failures == FAILURES_MAX)
		give_up(b);
	else if (b->due->tries >= TRIES)
		settle(b, b->why, false);
}

/* The i-th field of a line of fields between tabs, and its length. */
static const char *
field(const char *line, int i, size_t *len)
{
	for (; i > 0; i--) {
		line += strcspn(line, "\t");
		if (*line == '\t')
			line++;
	}
	*len = strcspn(line, "\t");
	return line;
}

static const char *const types[] = { "mobile", "fixed_line",
	"fixed_line_or_mobile", "toll_free", "premium_rate", "shared_cost",
	"voip", "personal", "pager", "uan", "voicemail", "unknown" };

/* Returns a name that stays, or NULL for a type that there is not. */
static const char *
type_name(const char *s, size_t len)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i]) == len && strncmp(types[i], s, len) == 0)
			return types[i];
	return NULL;
}

#define DIGITS	"0123456789"
#define DIGITS_MAX	20	/* phonenumber(1): more than E.164 has */

static int
tabs(const char *s)
{
	int n = 0;

	for (; *s != '\0'; s++)
		n += *s == '\t';
	return n;
}

/* "ok" TAB number TAB country TAB type TAB extension */
static bool
is_number(const char *s)
{
	const char *number, *country, *type, *extension;
	size_t n, digits;

	number = field(s, 1, &n);
	digits = strspn(number + (*number == '+'), DIGITS);
	if (*number != '+' || digits + 1 != n || digits < 3 ||
	    digits > DIGITS_MAX)
		return false;
	country = field(s, 2, &n);
	if (n != strspn(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") ||
	    (n != 0 && n != 2))
		return false;
	type = field(s, 3, &n);
	if (type_name(type, n) == NULL)
		return false;
	extension = field(s, 4, &n);
	return n == strspn(extension, DIGITS) && n <= 40 && tabs(s) == 4;
}

/* "no" TAB reason TAB text */
static bool
is_refusal(const char *s)
{
	const char *word;
	size_t n;

	word = field(s, 1, &n);
	return n > 0 && n == strspn(word, "abcdefghijklmnopqrstuvwxyz_") &&
	    tabs(s) == 2;
}

/* The answer without its tag, or NULL when it is none to this question. */
static const char *
fitting(const struct question *q, const char *answer)
{
	char tag[32];

	snprintf(tag, sizeof(tag), "%ju\t", q->tag);
	if (!begins(answer, tag))
		return NULL;
	answer += strlen(tag);
	if (begins(answer, "ok\t") && is_number(answer))
		return answer;
	if (begins(answer, "no\t") && is_refusal(answer))
		return answer;
	return NULL;
}

static int
start(struct phonebook *b, struct error *e)
{
	const char *argv[] = { b->program, NULL };

	b->running = (b->launched ? coprocess_start_by(&b->helper,
	    &b->launcher, e) : coprocess_start(&b->helper, argv, e)) == 0;
	return b->running ? 0 : -1;
}

/* Settles what is due, or counts one more failure. */
static void
take_answer(struct phonebook *b)
{
	const char *line, *answer;
	struct error e;

	if (!b->running && start(b, &e) == -1) {
		/* As good as asked. */
		b->unsent = b->due->next;
		fail(b, &e);
		return;
	}
	send_questions(b);
	if (coprocess_answer(&b->helper, ANSWER_MS, &line, &e) == -1) {
		fail(b, &e);
		return;
	}
	answer = fitting(b->due, line);
	if (answer == NULL) {
		error_set(&e, EX_TEMPFAIL, "the helper's answer makes no "
		    "sense");
		fail(b, &e);
		return;
	}
	b->in_a_row = 0;
	settle(b, answer, true);
}

/*
 * From outside
 */

/* The protocol is one line a number: nothing may break the line. */
static const char *
unaskable(const char *raw)
{
	if (strlen(raw) > RAW_MAX)
		return "longer than 200 bytes";
	for (const char *p = raw; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			return "has a control character";
	return NULL;
}

void
phonebook_expect(struct phonebook *b, const char *raw)
{
	char number[DIALLED_SIZE(RAW_MAX)];

	if (b->given_up || b->waiting >= AHEAD || unaskable(raw) != NULL)
		return;
	dialled_today(raw, b->region, number, sizeof(number));
	if (find(b, number) != NULL)
		return;
	add(b, number);
	if (b->running)
		send_questions(b);
}

/* NULL when no helper can be asked any more. */
static const struct question *
ask(struct phonebook *b, const char *number)
{
	struct question *q = find(b, number);

	if (q == NULL) {
		while (b->waiting >= AHEAD)
			take_answer(b);
		if (b->given_up)
			return NULL;
		q = add(b, number);
	}
	while (q->state == WAITING)
		take_answer(b);
	return q;
}

/* The words of phonenumber(1), to go behind "phone". */
static const char *
reason(const char *word)
{
	static const struct { const char *word, *text; } reasons[] = {
		{ "not_a_number\t", "is not a telephone number" },
		{ "invalid_country_code\t", "has no country's code" },
		{ "too_short\t", "is too short" },
		{ "too_short_after_idd\t", "is too short" },
		{ "too_long\t", "is too long" },
		{ "invalid\t", "is not a number of any numbering plan" }
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (begins(word, reasons[i].word))
			return reasons[i].text;
	return "cannot be read";
}

static enum address_result
read_refusal(const struct phonebook *b, const char *word, const char **why,
    struct error *e)
{
	if (begins(word, "bad_region\t")) {
		error_set(e, EX_CONFIG, "[site] region: phonenumber does not "
		    "know it");
		return ADDRESS_UNKNOWN;
	}
	/* Our request was good: it speaks another protocol. */
	if (begins(word, "bad_request\t")) {
		error_set(e, EX_TEMPFAIL, "%s: the helper did not understand "
		    "the question", b->program);
		return ADDRESS_UNKNOWN;
	}
	*why = reason(word);
	return ADDRESS_REFUSED;
}

static void
read_number(const char *answer, struct arena *mem, struct phone *out)
{
	const char *s;
	size_t n;

	s = field(answer, 1, &n);
	out->e164 = arena_strndup(mem, s, n);
	s = field(answer, 3, &n);
	out->line = type_name(s, n);
	s = field(answer, 4, &n);
	out->extension = n == 0 ? NULL : arena_strndup(mem, s, n);
}

enum address_result
phone_normalize(struct phonebook *b, const char *raw, struct arena *mem,
    struct phone *out, const char **why, struct error *e)
{
	char number[DIALLED_SIZE(RAW_MAX)];
	const struct question *q;

	*why = unaskable(raw);
	if (*why != NULL)
		return ADDRESS_REFUSED;
	dialled_today(raw, b->region, number, sizeof(number));
	q = ask(b, number);
	if (q == NULL || q->state == FAILED) {
		error_set(e, EX_TEMPFAIL, "%s", q == NULL ? b->why :
		    q->answer);
		return ADDRESS_UNKNOWN;
	}
	if (begins(q->answer, "no\t"))
		return read_refusal(b, q->answer + 3, why, e);
	read_number(q->answer, mem, out);
	return ADDRESS_OK;
}
