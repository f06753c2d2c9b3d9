#include "reply_lexicon.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/arena.h"
#include "base/embed.h"
#include "base/io.h"
#include "base/text.h"
#include "reply_lists.h"

EMBED(words_es, "share/words/es.words");
EMBED(words_en, "share/words/en.words");
EMBED(words_more, "share/words/more.words");
extern const char words_es[], words_en[], words_more[];

#define FILE_BYTES	(1024 * 1024)
#define SLOTS		16384	/* a power of two; of them half are used */
#define CORRECTED_MIN	5	/* letters of a word that may be misspelt */
#define ALONE		"\1"	/* begins the key of a phrase that is so */
#define KEY_MAX		(2 + (REPLY_PHRASE_WORDS + 1) * REPLY_WORD_MAX)

struct entry {
	const char *key;
	enum reply_kind kind;
	const char *file;
	size_t line;
	size_t number;	/* in the order in which they came */
};

/* A word of any phrase, or one that is in none and yet no misspelling. */
struct known {
	const char *text;
	size_t len;
	bool in_yes, in_nothing;	/* occurs in phrases of that effect */
	bool in_phrase;
};

/* One for the process: it is the same for every message. */
static struct lexicon {
	struct arena mem;
	struct entry *entries;
	size_t count, size;
	struct known words[SLOTS / 2];
	size_t word_count;
	uint16_t slots[SLOTS];		/* 1 + the place in words, 0: none */
	const char *file;		/* that is being read */
	bool ready;
} lexicon = { .mem = ARENA_INIT((size_t)256 * 1024 * 1024) };

static const char *const names[] = {
	[KIND_YES] = "yes", [KIND_YES_ALONE] = "yes-alone",
	[KIND_YES_ACCENTED] = "yes-accented", [KIND_COMING] = "coming",
	[KIND_NO] = "no", [KIND_NO_ALONE] = "no-alone",
	[KIND_NEGATION] = "negation", [KIND_NOT_COMING] = "not-coming",
	[KIND_CANCEL] = "cancel", [KIND_CANCEL_FIRM] = "cancel-firm",
	[KIND_CANCEL_REQUEST] = "cancel-request", [KIND_STOP] = "stop",
	[KIND_STOP_WISH] = "stop-wish", [KIND_START] = "start",
	[KIND_HELP] = "help", [KIND_RESCHEDULE] = "reschedule",
	[KIND_QUESTION] = "question", [KIND_WRONG_NUMBER] = "wrong-number",
	[KIND_MAYBE] = "maybe", [KIND_UNTIL] = "until",
	[KIND_REGRET] = "regret", [KIND_DAY] = "day", [KIND_HOUR] = "hour",
	[KIND_APPOINTMENT] = "appointment", [KIND_FILLER] = "filler",
	[KIND_NAMED] = "named", [KIND_POLITE] = "polite",
	[KIND_GREETING] = "greeting", [KIND_CLOSING] = "closing",
	[KIND_WORD] = "word", [KIND_EMERGENCY] = "emergency"
};

const char *
reply_kind_name(enum reply_kind kind)
{
	return names[kind];
}

static struct known *
find_word(const char *text, size_t len, uint16_t **slot)
{
	uint32_t h = 2166136261U;
	struct known *w;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 16777619U;
	for (;; h++) {
		*slot = &lexicon.slots[h % SLOTS];
		if (**slot == 0)
			return NULL;
		w = &lexicon.words[**slot - 1];
		if (w->len == len && memcmp(w->text, text, len) == 0)
			return w;
	}
}

static void
add_word(const char *text, size_t len, enum reply_kind kind)
{
	uint16_t *slot;
	struct known *w = find_word(text, len, &slot);

	if (w == NULL) {
		if (lexicon.word_count == SLOTS / 2)
			die(EX_CONFIG, "%s: more than %d words in all lists",
			    lexicon.file, SLOTS / 2);
		w = &lexicon.words[lexicon.word_count++];
		*slot = (uint16_t)lexicon.word_count;
		w->text = arena_strndup(&lexicon.mem, text, len);
		w->len = len;
	}
	w->in_yes = w->in_yes || kind <= KIND_COMING || kind == KIND_START;
	w->in_nothing = w->in_nothing || (kind >= KIND_DAY &&
	    kind != KIND_WORD);
	w->in_phrase = w->in_phrase || kind != KIND_WORD;
}

static void
add_words(const char *phrase, enum reply_kind kind)
{
	size_t n;

	for (; *phrase != '\0'; phrase += n + (phrase[n] == ' ')) {
		n = strcspn(phrase, " ");
		add_word(phrase, n, kind);
	}
}

static void
add_phrase(void *ctx, enum reply_kind kind, const char *phrase, size_t line)
{
	bool alone = kind == KIND_YES_ALONE || kind == KIND_NO_ALONE;
	struct entry *e;

	(void)ctx;
	if (kind == KIND_EMERGENCY)
		return;
	add_words(phrase, kind);
	if (kind == KIND_WORD)
		return;
	if (lexicon.count == lexicon.size) {
		lexicon.size = lexicon.size == 0 ? 16384 : 2 * lexicon.size;
		lexicon.entries = reallocarray(lexicon.entries, lexicon.size,
		    sizeof(*lexicon.entries));
		if (lexicon.entries == NULL)
			die(EX_OSERR, "out of memory");
	}
	e = &lexicon.entries[lexicon.count++];
	*e = (struct entry){ .kind = kind, .file = lexicon.file, .line = line,
	    .number = lexicon.count,
	    .key = arena_printf(&lexicon.mem, "%s%s", alone ? ALONE : "",
	    phrase) };
}

static int
compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	return order != 0 ? order :
	    (x->number > y->number) - (x->number < y->number);
}

/* A phrase means one thing. */
static int
arrange(struct error *e)
{
	const struct entry *a, *b;

	qsort(lexicon.entries, lexicon.count, sizeof(*lexicon.entries),
	    compare);
	for (size_t i = 1; i < lexicon.count; i++) {
		a = &lexicon.entries[i - 1];
		b = &lexicon.entries[i];
		if (a->kind != b->kind && strcmp(a->key, b->key) == 0)
			return error_set(e, EX_CONFIG, "%s:%zu: \"%s\" is in "
			    "[%s] already, at %s:%zu", b->file, b->line,
			    b->key + (*b->key == *ALONE), names[a->kind],
			    a->file, a->line);
	}
	return 0;
}

static int
read_lists(const char *file, const char *text, struct error *e)
{
	lexicon.file = arena_strdup(&lexicon.mem, file);
	return reply_lists_read(lexicon.file, text, add_phrase, NULL, e);
}

/* What is compiled in has been tested. */
static void
get_ready(void)
{
	struct error e;

	if (lexicon.ready)
		return;
	if (read_lists("share/words/en.words", words_en, &e) == -1 ||
	    read_lists("share/words/es.words", words_es, &e) == -1 ||
	    read_lists("share/words/more.words", words_more, &e) == -1 ||
	    arrange(&e) == -1)
		die(EX_SOFTWARE, "%s", e.text);
	lexicon.ready = true;
}

int
reply_lexicon_add(const char *file, struct error *e)
{
	struct buf text = BUF_INIT(FILE_BYTES);
	int rc;

	get_ready();
	rc = io_read_plain(AT_FDCWD, file, &text, e);
	if (rc == 0) {
		text_clean(&text);
		if (!utf8_valid(buf_text(&text), text.len))
			rc = error_set(e, EX_CONFIG, "%s: not UTF-8, or has a "
			    "NUL", file);
	}
	if (rc == 0)
		rc = read_lists(file, buf_text(&text), e);
	if (rc == 0)
		rc = arrange(e);
	buf_release(&text);
	if (rc == -1)
		e->status = EX_CONFIG;
	return rc;
}

const char *
reply_lexicon_phrase(size_t i, enum reply_kind *kind)
{
	get_ready();
	if (i >= lexicon.count)
		return NULL;
	*kind = lexicon.entries[i].kind;
	return lexicon.entries[i].key + (lexicon.entries[i].key[0] == *ALONE);
}

/* One letter more, less or other, or two that changed places. */
static bool
is_slip(const char *a, size_t la, const char *b, size_t lb)
{
	while (la > 0 && lb > 0 && *a == *b) {
		a++, b++;
		la--, lb--;
	}
	while (la > 0 && lb > 0 && a[la - 1] == b[lb - 1])
		la--, lb--;
	return la + lb == 1 || (la == 1 && lb == 1) ||
	    (la == 2 && lb == 2 && a[0] == b[1] && a[1] == b[0]);
}

/* Runs of three letters and more, cut down to `keep`; its length. */
static size_t
shorten(const char *s, size_t keep, char out[REPLY_WORD_MAX])
{
	size_t n = 0, run;

	for (; *s != '\0'; s += run) {
		for (run = 1; s[run] == *s; )
			run++;
		for (size_t i = 0; i < (run > 2 ? keep : run); i++)
			out[n++] = *s;
	}
	return n;
}

static void
offer(struct reply_spellings *out, const struct known *w,
    const struct known **first)
{
	if (*first == NULL)
		*first = w;
	/* Words that may do different things to a message: no guessing. */
	if (w->in_yes != (*first)->in_yes ||
	    w->in_nothing != (*first)->in_nothing ||
	    out->count == REPLY_SPELLINGS)
		out->doubtful = true;
	else
		out->as[out->count++] = w->text;
}

/* "siiii", "nooo" */
static void
spell_drawn_out(const struct reply_word *w, struct reply_spellings *out)
{
	const struct known *k;
	char text[REPLY_WORD_MAX];
	uint16_t *slot;
	size_t len;

	for (size_t keep = 1; keep <= 2 && out->count == 0; keep++) {
		len = shorten(w->text, keep, text);
		if (len == strlen(w->text))
			return;
		k = find_word(text, len, &slot);
		if (k != NULL)
			out->as[out->count++] = k->text;
	}
}

/* A short word counts as what may be meant, but is not what is corrected to. */
static void
spell_corrected(const struct reply_word *w, struct reply_spellings *out)
{
	const struct known *k, *first = NULL;
	size_t len = strlen(w->text);
	bool any = false;

	for (size_t i = 0; i < lexicon.word_count; i++) {
		k = &lexicon.words[i];
		if (!k->in_phrase || len > k->len + 1 || k->len > len + 1 ||
		    !is_slip(w->text, len, k->text, k->len))
			continue;
		offer(out, k, &first);
		any = any || k->len >= CORRECTED_MIN;
	}
	if (!any) {
		out->count = 0;
		out->doubtful = false;
	}
}

void
reply_lexicon_spell(const struct reply_word *w, struct reply_spellings *out)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	const struct known *k;
	uint16_t *slot;

	get_ready();
	out->count = 0;
	out->doubtful = false;
	k = find_word(w->text, strlen(w->text), &slot);
	if (k != NULL)
		out->as[out->count++] = k->text;
	if (w->number) {
		out->as[out->count++] = "0";	/* any number */
		return;
	}
	if (out->count > 0 || w->text[strspn(w->text, letters)] != '\0')
		return;
	spell_drawn_out(w, out);
	if (out->count == 0 && !out->doubtful)
		spell_corrected(w, out);
	if (out->doubtful)
		out->count = 0;
}

/* The first entry whose key is not less. */
static const struct entry *
lower_bound(const char *key)
{
	size_t low = 0, high = lexicon.count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(lexicon.entries[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low == lexicon.count ? NULL : &lexicon.entries[low];
}

struct walk {
	const struct reply_text *t;
	const struct reply_spellings *s;
	size_t at;
	bool alone;
	char key[KEY_MAX];
	size_t best;
	enum reply_kind kind;
};

/* The key has `len` bytes, for the words before `i`: on with that word. */
static void
walk(struct walk *w, size_t i, size_t len)
{
	const struct entry *e;
	size_t n;

	if (i == w->t->count || (i > w->at && w->t->words[i].apart))
		return;
	for (size_t j = 0; j < w->s[i].count; j++) {
		n = strlen(w->s[i].as[j]);
		if (len + n + 2 > sizeof(w->key))
			continue;
		memcpy(w->key + len, w->s[i].as[j], n + 1);
		e = lower_bound(w->key);
		if (e != NULL && strcmp(e->key, w->key) == 0 &&
		    i + 1 - w->at > w->best &&
		    (!w->alone || i + 1 == w->t->count)) {
			w->best = i + 1 - w->at;
			w->kind = e->kind;
		}
		w->key[len + n] = ' ';
		w->key[len + n + 1] = '\0';
		e = lower_bound(w->key);
		if (e != NULL && strncmp(e->key, w->key, len + n + 1) == 0)
			walk(w, i + 1, len + n + 1);
	}
}

size_t
reply_lexicon_longest(const struct reply_text *t,
    const struct reply_spellings *s, size_t at, bool alone,
    enum reply_kind *kind)
{
	struct walk w = { .t = t, .s = s, .at = at, .alone = alone };

	get_ready();
	if (alone)
		memcpy(w.key, ALONE, sizeof(ALONE));
	walk(&w, at, alone ? sizeof(ALONE) - 1 : 0);
	*kind = w.kind;
	return w.best;
}
