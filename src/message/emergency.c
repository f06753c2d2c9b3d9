#include "emergency.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/embed.h"
#include "base/io.h"
#include "base/text.h"
#include "reply_lists.h"
#include "reply_read.h"

EMBED(words_emergency, "share/words/emergency.words");
extern const char words_emergency[];

#define FILE_BYTES	(1024 * 1024)
#define PHRASES_MAX	16384
/*
 * A long letter is read in pieces that overlap, so that no phrase is lost
 * between two of them; each has fewer words than REPLY_WORDS_MAX.
 */
#define PIECE		480	/* bytes */
#define OVERLAP		160
#define PHRASE_WORDS	8	/* looked for; a longer phrase is never found */
#define JOINED_MAX	(PHRASE_WORDS * REPLY_WORD_MAX + 1)

/* One for the process: it is the same for every message. */
static struct {
	struct arena mem;
	struct phrase {
		const char *sounds;	/* see put_sounds() */
		const char *text;
	} phrases[PHRASES_MAX];
	size_t count;
	bool ready, full;
} known = { .mem = ARENA_INIT((size_t)16 * 1024 * 1024) };

/*
 * As it sounds: who is afraid writes "convulciones" and "atropeyaron", and holds
 * a key down.  Spanish does not tell these apart by ear; that English ones meet,
 * too, does no harm.  The letters have lost their accents, but for the tilde,
 * which went with them.
 */
static char
sound_of(const char *s)
{
	bool soft = s[0] != '\0' && (s[1] == 'e' || s[1] == 'i');

	switch (s[0]) {
	case 'b':
		return 'v';
	case 'z':
		return 's';
	case 'c':
		return soft ? 's' : 'c';
	case 'g':
		return soft ? 'j' : 'g';
	case 'm':
		return s[1] == 'b' || s[1] == 'v' || s[1] == 'p' ? 'n' : 'm';
	default:
		return s[0];
	}
}

/* `out` has room for as many bytes as `words`. */
static void
put_sounds(const char *words, char *out)
{
	const char *start = out;
	char c;

	for (const char *s = words; *s != '\0'; s++) {
		/* Nobody hears it, but in "ch", and in "sh" of English. */
		if (*s == 'h' && (s == words || strchr("cst", s[-1]) == NULL))
			continue;
		c = s[0] == 'l' && s[1] == 'l' && (s[2] == 'a' || s[2] == 'e' ||
		    s[2] == 'o') ? 'y' : sound_of(s);
		if (c == 'y' && s[0] == 'l')
			s++;
		if (out == start || out[-1] != c)
			*out++ = c;
	}
	*out = '\0';
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct phrase *)a)->sounds,
	    ((const struct phrase *)b)->sounds);
}

static void
add_phrase(void *ctx, enum reply_kind kind, const char *phrase, size_t line)
{
	char *sounds;

	(void)ctx;
	(void)line;
	if (kind != KIND_EMERGENCY)
		return;
	known.full = known.count == PHRASES_MAX;
	if (known.full)
		return;
	sounds = arena_alloc(&known.mem, strlen(phrase) + 1);
	put_sounds(phrase, sounds);
	known.phrases[known.count++] = (struct phrase){ .sounds = sounds,
	    .text = arena_strdup(&known.mem, phrase) };
}

static int
read_lists(const char *file, const char *text, struct error *e)
{
	if (reply_lists_read(file, text, add_phrase, NULL, e) == -1)
		return -1;
	if (known.full)
		return error_set(e, EX_CONFIG, "%s: more than %d phrases of "
		    "emergencies in all lists", file, PHRASES_MAX);
	qsort(known.phrases, known.count, sizeof(known.phrases[0]), compare);
	return 0;
}

static void
prepare(void)
{
	struct error e;

	if (known.ready)
		return;
	known.ready = true;
	if (read_lists("share/words/emergency.words", words_emergency,
	    &e) == -1)
		die(EX_SOFTWARE, "%s", e.text);
}

int
emergency_add(const char *file, struct error *e)
{
	struct buf text = BUF_INIT(FILE_BYTES);
	int rc;

	prepare();
	rc = io_read_plain(AT_FDCWD, file, &text, e);
	if (rc == 0) {
		text_clean(&text);
		rc = read_lists(file, buf_text(&text), e);
	}
	buf_release(&text);
	return rc;
}

static const char *
find_phrase(const char *words)
{
	char sounds[JOINED_MAX];
	const struct phrase key = { .sounds = sounds }, *found;

	put_sounds(words, sounds);
	found = bsearch(&key, known.phrases, known.count, sizeof(key),
	    compare);
	return found == NULL ? NULL : found->text;
}

/* The longest one that begins at this word. */
static const char *
find_at(const struct reply_text *t, size_t at)
{
	char words[JOINED_MAX];
	const char *best = NULL, *one;
	size_t len = 0;

	for (size_t i = at; i < t->count && i < at + PHRASE_WORDS; i++) {
		if (i > at && t->words[i].apart)
			break;
		if (i > at)
			words[len++] = ' ';
		memcpy(words + len, t->words[i].text,
		    strlen(t->words[i].text) + 1);
		len += strlen(t->words[i].text);
		one = find_phrase(words);
		if (one != NULL)
			best = one;
	}
	return best;
}

static const char *
find_in_piece(const char *utf8, size_t len)
{
	static struct reply_text t;
	char text[PIECE + 1];
	const char *found = NULL;

	/* A mail is broken into lines wherever they are full. */
	for (size_t i = 0; i < len; i++)
		text[i] = utf8[i] == '\n' || utf8[i] == '\r' ? ' ' : utf8[i];
	/* What it has read of a piece that is too much is as good. */
	(void)reply_read(text, len, &t);
	for (size_t i = 0; found == NULL && i < t.count; i++)
		found = find_at(&t, i);
	return found;
}

/* Where a piece may end: before a space, else before a character. */
static size_t
piece_length(const char *s, size_t len, size_t most)
{
	size_t n = most;

	if (len <= most)
		return len;
	while (n > most / 2 && s[n] != ' ' && s[n] != '\n')
		n--;
	if (n > most / 2)
		return n;
	for (n = most; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80; n--)
		;
	return n;
}

const char *
emergency_find(const char *utf8, size_t len)
{
	const char *found = NULL;
	size_t n, step;

	prepare();
	if (!utf8_valid(utf8, len))
		return NULL;
	for (; found == NULL && len > 0; utf8 += step, len -= step) {
		n = piece_length(utf8, len, PIECE);
		found = find_in_piece(utf8, n);
		step = n == len ? len : piece_length(utf8, n, PIECE -
		    OVERLAP);
	}
	return found;
}
